import type { Capabilities } from '@sluice/core';
import { describe, expect, test } from 'vitest';
import type { Fixture } from '../../fixture/fixture.js';
import { expectRefusal } from '../../fixture/refusal.js';

type Account = { name: string; balance: number };

/** `insertMany` stores all rows or none, even if it needs several statements. */
export function insertManyCases(fixture: Fixture, capabilities: Capabilities): void {
  const accounts = () => fixture.storage.repository('account', { key: 'name' });
  const rowsOf = (count: number): Account[] =>
    Array.from({ length: count }, (_, balance) => ({ name: `n${balance}`, balance }));
  /** More rows and more parameters than one statement may have. */
  const MANY = Math.max(2_500, Math.ceil(capabilities.maxParameters / 2) + 10);

  describe('insertMany', () => {
    test('C4 insertMany returns how many rows it stored', async () => {
      expect(await accounts().insertMany(rowsOf(3))).toBe(3);
      expect(await accounts().insertMany([])).toBe(0);
      expect(await accounts().count()).toBe(3);
    });

    test('C4 insertMany stores more rows than one statement takes', async () => {
      expect(await accounts().insertMany(rowsOf(MANY))).toBe(MANY);
      expect(await accounts().count()).toBe(MANY);
    });

    for (const place of ['first', 'middle', 'last'] as const) {
      test(`C4 insertMany with a duplicate as its ${place} of ${MANY} rows stores nothing`, async () => {
        await accounts().insert({ name: 'taken', balance: 0 });
        const rows = rowsOf(MANY);
        const index = { first: 0, middle: Math.floor(MANY / 2), last: MANY - 1 }[place];
        rows[index] = { name: 'taken', balance: 1 };
        await expectRefusal(accounts().insertMany(rows), 'unique_violation');
        expect(await accounts().find()).toStrictEqual([{ name: 'taken', balance: 0 }]);
      });
    }

    test('C4 insertMany with one value that is refused stores nothing', async () => {
      const rows = [...rowsOf(20), { name: 'x', balance: 1.5 }];
      await expectRefusal(accounts().insertMany(rows), 'invalid_value');
      expect(await accounts().count()).toBe(0);
    });

    test('C4 insertMany with one row of an unknown column stores nothing', async () => {
      const rows = [...rowsOf(20), { name: 'x', balance: 1, nobody: 2 }];
      await expectRefusal(accounts().insertMany(rows), 'unknown_column');
      expect(await accounts().count()).toBe(0);
    });

    test('C4 insertMany of rows with different columns is one piece', async () => {
      const log = fixture.storage.repository('event_log', { key: 'id' });
      const rows = [
        { message: 'a' },
        { message: 'b', level: 'warn' },
        { message: 'c' },
        { id: 5_000, message: 'd' },
        { id: 5_000, message: 'e' },
      ];
      await expectRefusal(log.insertMany(rows), 'unique_violation');
      expect(await log.count()).toBe(0);
    });

    test('C4 insertMany of rows that are all defaults stores each', async () => {
      const log = fixture.storage.repository('event_log', { key: 'id' });
      await expectRefusal(log.insertMany([{}, {}] as never), 'not_null_violation');
      expect(await log.count()).toBe(0);
    });

    test('C4 insertMany inside a transaction is committed or rolled back with it', async () => {
      const work = fixture.storage.write(async (tx) => {
        await tx.repository('account', { key: 'name' }).insertMany(rowsOf(MANY));
        throw new Error('undone');
      });
      await expect(work).rejects.toThrow('undone');
      expect(await accounts().count()).toBe(0);
    });

    test('C4 no reader sees a part of an insertMany', async () => {
      let isDone = false;
      const inserting = accounts()
        .insertMany(rowsOf(MANY))
        .finally(() => {
          isDone = true;
        });
      const seen = new Set<number>();
      while (!isDone) seen.add(await accounts().count());
      await inserting;
      for (const count of seen) expect([0, MANY]).toContain(count);
    });

    test('C4 the rows given are left as they were', async () => {
      const rows = Object.freeze(rowsOf(3).map((row) => Object.freeze(row)));
      await accounts().insertMany(rows);
      await accounts().upsert(rows[0] as Account);
      expect(rows).toStrictEqual(rowsOf(3));
    });
  });
}
