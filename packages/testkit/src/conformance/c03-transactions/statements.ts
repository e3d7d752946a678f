import { describe, expect, test } from 'vitest';
import { collect } from '../../fixture/collect.js';
import type { Fixture } from '../../fixture/fixture.js';
import { rejection } from '../../fixture/rejection.js';

/** How a transaction runs its statements. */
export function statementCases(fixture: Fixture): void {
  describe('statements', () => {
    test('C3 write gives back what its callback returned, and keeps what it did', async () => {
      const { storage } = fixture;
      const result = await storage.write(async (tx) => {
        const inserted = await tx.repository('account', { key: 'name' }).insert({ name: 'a', balance: 1 });
        await tx.kysely.updateTable('account').set({ balance: 2 }).where('name', '=', 'a').execute();
        return inserted;
      });
      expect(result).toStrictEqual({ name: 'a', balance: 1 });
      expect(await storage.repository('account', { key: 'name' }).get('a')).toStrictEqual({
        name: 'a',
        balance: 2,
      });
    });

    test('C3 an error in the callback undoes everything and is what the caller gets', async () => {
      const { storage } = fixture;
      const failure = new Error('changed my mind');
      const work = storage.write(async (tx) => {
        await tx.repository('account', { key: 'name' }).insert({ name: 'a', balance: 1 });
        await tx.kysely.insertInto('note').values({ id: 1, body: null, rank: null, pinned: null }).execute();
        throw failure;
      });
      expect(await rejection(work)).toBe(failure);
      expect(await storage.repository('account', { key: 'name' }).count()).toBe(0);
      expect(await storage.repository('note', { key: 'id' }).count()).toBe(0);
    });

    test('C3 a callback that throws before its first statement leaves the storage usable', async () => {
      const { storage } = fixture;
      const failure = new Error('at once');
      const work = storage.write(() => {
        throw failure;
      });
      expect(await rejection(work)).toBe(failure);
      await storage.repository('account', { key: 'name' }).insert({ name: 'a', balance: 1 });
    });

    test('C3 a callback that does nothing commits nothing', async () => {
      expect(await fixture.storage.write(async () => 5)).toBe(5);
      expect(await fixture.storage.read(async () => 6)).toBe(6);
    });

    test('C3 a transaction sees what it did itself', async () => {
      await fixture.storage.write(async (tx) => {
        const accounts = tx.repository('account', { key: 'name' });
        await accounts.insertMany([
          { name: 'a', balance: 1 },
          { name: 'b', balance: 2 },
        ]);
        await accounts.update('a', { balance: 10 });
        await accounts.delete('b');
        expect(await accounts.find()).toStrictEqual([{ name: 'a', balance: 10 }]);
        expect(await tx.kysely.selectFrom('account').selectAll().execute()).toStrictEqual([
          { name: 'a', balance: 10 },
        ]);
        expect(await collect(accounts.stream())).toStrictEqual([{ name: 'a', balance: 10 }]);
      });
    });

    test('C3 statements of one transaction given all at once are all done, in their order', async () => {
      const { storage } = fixture;
      const results = await storage.write(async (tx) => {
        const accounts = tx.repository('account', { key: 'name' });
        await accounts.insert({ name: 'a', balance: 0 });
        return Promise.all(
          Array.from({ length: 50 }, async (_, index) => {
            const query = tx.kysely.updateTable('account').set((eb) => ({ balance: eb('balance', '+', 1) }));
            const row = await query.returning('balance').executeTakeFirstOrThrow();
            return row.balance === index + 1;
          }),
        );
      });
      expect(results.every(Boolean)).toBe(true);
      expect(await storage.repository('account', { key: 'name' }).get('a')).toStrictEqual({
        name: 'a',
        balance: 50,
      });
    });

    test('C3 a promise left behind in the callback is either part of the transaction or refused, never half of it', async () => {
      const { storage } = fixture;
      let stray: Promise<unknown> = Promise.resolve();
      await storage.write(async (tx) => {
        const accounts = tx.repository('account', { key: 'name' });
        await accounts.insert({ name: 'a', balance: 1 });
        stray = accounts.insert({ name: 'b', balance: 1 });
        stray.catch(() => {});
      });
      const [outcome] = await Promise.allSettled([stray]);
      const names = (await storage.repository('account', { key: 'name' }).find()).map(({ name }) => name);
      expect(names.includes('b')).toBe(outcome.status === 'fulfilled');
    });

    test('C3 transactions of one storage run one after another without end', async () => {
      const { storage } = fixture;
      for (let round = 0; round < 50; round += 1) {
        await storage.write((tx) =>
          tx.repository('account', { key: 'name' }).upsert({ name: 'a', balance: round }),
        );
      }
      expect(await storage.repository('account', { key: 'name' }).get('a')).toStrictEqual({
        name: 'a',
        balance: 49,
      });
    });
  });
}
