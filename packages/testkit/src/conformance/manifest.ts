import { SluiceError } from '@sluice/core';
import { sql } from 'kysely';
import { describe, expect, test } from 'vitest';
import type { ConformanceTarget } from '../fixture/conformance-target.js';
import { CASE_TIMEOUT_MS, type Fixture, useFixture } from '../fixture/fixture.js';
import { longQuery, storeHeavyRows } from '../fixture/heavy-query.js';
import { expectRefusal } from '../fixture/refusal.js';
import { rejection } from '../fixture/rejection.js';

/** Checks that the capabilities in the target equal those that the driver reports, before and after use. */
export function manifestSuite(target: ConformanceTarget): void {
  describe('manifest', { timeout: CASE_TIMEOUT_MS }, () => {
    const fixture = useFixture(target);

    test('C11 the capabilities are those that the author declares', () => {
      expect({ ...fixture.storage.capabilities }).toStrictEqual({ ...target.capabilities });
    });

    test('C11 the capabilities are the same on every storage, and do not change', async () => {
      const before = { ...fixture.storage.capabilities };
      await fixture.storage.write((tx) =>
        tx.repository('account', { key: 'name' }).insert({ name: 'a', balance: 1 }),
      );
      const another = await fixture.another();
      expect({ ...fixture.storage.capabilities }).toStrictEqual(before);
      expect({ ...another.capabilities }).toStrictEqual(before);
    });

    parameterCases(fixture, target.capabilities.maxParameters);
    if (!target.capabilities.interruptsRunning) uninterruptedCases(fixture);
  });
}

function parameterCases(fixture: Fixture, maxParameters: number): void {
  const countOf = (parameters: number): Promise<readonly unknown[]> => {
    const list = sql.join(Array.from({ length: parameters }, (_, index) => sql.val(`n${index}`)));
    const { kysely } = fixture.storage;
    return kysely.selectFrom('account').select('name').where(sql<boolean>`name in (${list})`).execute();
  };

  test('C11 a statement takes as many parameters as declared', async () => {
    await fixture.storage.repository('account', { key: 'name' }).insert({ name: 'n0', balance: 1 });
    expect(await countOf(maxParameters)).toStrictEqual([{ name: 'n0' }]);
  });

  test('C11 a statement of more parameters than declared is refused, and the storage goes on', async () => {
    await fixture.storage.repository('account', { key: 'name' }).insert({ name: 'n0', balance: 1 });
    expect(await rejection(countOf(maxParameters + 1))).toBeInstanceOf(SluiceError);
    expect(await countOf(1)).toStrictEqual([{ name: 'n0' }]);
  });
}

/** For drivers that cannot interrupt a running statement. For the others, C8 runs statements that would take minutes. */
function uninterruptedCases(fixture: Fixture): void {
  test('C8 a statement whose time passed goes on, as declared; only its caller is released', async () => {
    const { storage } = fixture;
    await storeHeavyRows(storage);
    await expectRefusal(
      storage
        .repository('note', { key: 'id' })
        .count({ where: (eb) => eb.exists(longQuery(storage.kysely)) }, { timeoutMs: 100 }),
      'timeout',
    );
    const { readers, writer } = storage.metrics().database;
    expect(readers.held + writer.held).toBeGreaterThan(0);
    expect(await storage.repository('note', { key: 'id' }).count()).toBe(300);
  });
}
