import { describe, expect, test } from 'vitest';
import type { ConformanceTarget } from '../../fixture/conformance-target.js';
import { CASE_TIMEOUT_MS, closeInTime, type Fixture, useFixture } from '../../fixture/fixture.js';
import { rejection } from '../../fixture/rejection.js';

/** C5: an acknowledged write is not lost. The driver's own tests kill processes, because only they can start one. */
export function durabilitySuite(target: ConformanceTarget): void {
  describe('C5 durability', { timeout: CASE_TIMEOUT_MS }, () => {
    const fixture = useFixture(target);
    if (target.capabilities.durable) durableCases(fixture);
    else transientCases(fixture);
    acknowledgementCases(fixture);
  });
}

function durableCases(fixture: Fixture): void {
  test('C5 a storage opened again finds every acknowledged row of every type of call', async () => {
    const name = fixture.newName();
    const first = await fixture.migrated({}, name);
    await first.repository('account', { key: 'name' }).insert({ name: 'insert', balance: 1 });
    await first.repository('account', { key: 'name' }).load([{ name: 'load', balance: 2 }]);
    await first.kysely.insertInto('account').values({ name: 'plain', balance: 3 }).execute();
    await first.write((tx) =>
      tx.repository('account', { key: 'name' }).insert({ name: 'write', balance: 4 }),
    );
    await first.kysely
      .transaction()
      .execute((trx) => trx.insertInto('account').values({ name: 'trx', balance: 5 }).execute());
    await rejection(
      first.write(async (tx) => {
        await tx.repository('account', { key: 'name' }).insert({ name: 'undone', balance: 6 });
        throw new Error('undone');
      }),
    );
    await closeInTime(first);
    const second = await fixture.migrated({}, name);
    const rows = await second.repository('account', { key: 'name' }).find({ orderBy: { balance: 'asc' } });
    expect(rows.map((row) => row.name)).toStrictEqual(['insert', 'load', 'plain', 'write', 'trx']);
  });

  test('C5 writes accepted before close are there afterwards', async () => {
    const name = fixture.newName();
    const first = await fixture.migrated({}, name);
    const accounts = first.repository('account', { key: 'name' });
    await accounts.count();
    const writes = Array.from({ length: 100 }, (_, balance) =>
      accounts.insert({ name: `n${balance}`, balance }),
    );
    await Promise.all([Promise.all(writes), closeInTime(first)]);
    const second = await fixture.migrated({}, name);
    expect(await second.repository('account', { key: 'name' }).count()).toBe(100);
  });

  test('C5 the schema, its constraints and its identities outlive the storage', async () => {
    const name = fixture.newName();
    const first = await fixture.migrated({}, name);
    const { id } = await first.repository('event_log', { key: 'id' }).insert({ message: 'one' });
    await closeInTime(first);
    const second = await fixture.migrated({}, name);
    const next = await second.repository('event_log', { key: 'id' }).insert({ message: 'two' });
    expect(next.id).toBeGreaterThan(id);
    await expect(
      second.repository('rule', { key: 'id' }).insert({ id: 1, low: 2, high: 1, name: 'x' }),
    ).rejects.toMatchObject({ code: 'check_violation', constraint: 'rule_span' });
  });
}

function transientCases(fixture: Fixture): void {
  test('C5 a database that is not durable, as declared, is empty when it is opened again', async () => {
    const name = fixture.newName();
    const first = await fixture.migrated({}, name);
    await first.repository('account', { key: 'name' }).insert({ name: 'a', balance: 1 });
    await closeInTime(first);
    const second = await fixture.migrated({}, name);
    expect(await second.repository('account', { key: 'name' }).count()).toBe(0);
  });
}

function acknowledgementCases(fixture: Fixture): void {
  test('C5 a COMMIT that the database refuses is never acknowledged, and does not affect later calls', async () => {
    const { storage } = fixture;
    for (let round = 0; round < 20; round += 1) {
      const work = storage.write(async (tx) => {
        await tx.repository('account', { key: 'name' }).upsert({ name: 'a', balance: round });
        await tx.repository('deferred_link', { key: 'id' }).insert({ id: 1, book_id: 404 });
      });
      await expect(work).rejects.toMatchObject({ code: 'foreign_key_violation' });
      await storage
        .repository('note', { key: 'id' })
        .insert({ id: round, body: null, rank: null, pinned: null });
    }
    expect(await storage.repository('account', { key: 'name' }).count()).toBe(0);
    expect(await storage.repository('deferred_link', { key: 'id' }).count()).toBe(0);
    expect(await storage.repository('note', { key: 'id' }).count()).toBe(20);
  });

  test('C5 a refused call among many concurrent ones does not affect the others', async () => {
    const { storage } = fixture;
    const accounts = storage.repository('account', { key: 'name' });
    await accounts.insert({ name: 'n7', balance: -1 });
    const outcomes = await Promise.allSettled(
      Array.from({ length: 50 }, (_, balance) => accounts.insert({ name: `n${balance}`, balance })),
    );
    expect(outcomes.filter(({ status }) => status === 'rejected')).toHaveLength(1);
    expect(await accounts.count()).toBe(50);
    expect(await accounts.get('n7')).toStrictEqual({ name: 'n7', balance: -1 });
  });

  test('C5 a call whose deferred constraint fails at COMMIT does not affect concurrent ones', async () => {
    const { storage } = fixture;
    const links = storage.repository('deferred_link', { key: 'id' });
    const accounts = storage.repository('account', { key: 'name' });
    const outcomes = await Promise.allSettled(
      Array.from({ length: 30 }, (_, id) =>
        id % 10 === 5 ? links.insert({ id, book_id: 404 }) : accounts.insert({ name: `n${id}`, balance: id }),
      ),
    );
    const refused = outcomes.flatMap(({ status }, id) => (status === 'rejected' ? [id] : []));
    expect(refused).toStrictEqual([5, 15, 25]);
    expect(await links.count()).toBe(0);
    expect(await accounts.count()).toBe(27);
  });
}
