import type { Storage } from '@sluice/core';
import { describe, expect, test } from 'vitest';
import type { Fixture } from '../../fixture/fixture.js';
import { expectRefusal } from '../../fixture/refusal.js';
import { rejection } from '../../fixture/rejection.js';

/** `batch` with calls of repositories: one transaction, one list of results. */
export function batchOfCallsCases(fixture: Fixture): void {
  const repositories = () => {
    const { storage } = fixture;
    return {
      storage,
      accounts: storage.repository('account', { key: 'name' }),
      countries: storage.repository('country', { key: ['region', 'code'] }),
    };
  };

  describe('batches of calls', () => {
    test('C4 calls of repositories and queries run in their order, each with its own result', async () => {
      const { storage, accounts, countries } = repositories();
      await accounts.insert({ name: 'z', balance: 9 });
      const [inserted, updated, found, missing, deleted, count, many, upserted, country, plain] =
        await storage.batch((batch) => [
          accounts.in(batch).insert({ name: 'a', balance: 1 }),
          accounts.in(batch).update('a', { balance: 2 }),
          accounts.in(batch).find({ select: ['balance'], where: { name: 'a' } }),
          accounts.in(batch).get('x'),
          accounts.in(batch).delete('z'),
          accounts.in(batch).insertMany([
            { name: 'b', balance: 3 },
            { name: 'c', balance: 4 },
          ]),
          accounts.in(batch).getMany(['c', 'z', 'a']),
          accounts.in(batch).upsert({ name: 'b', balance: 5 }),
          countries.in(batch).insert({ region: 'eu', code: 'at', name: 'Austria' }),
          batch.query(storage.kysely.selectFrom('account').select('name').orderBy('name')),
        ]);
      expect(inserted).toStrictEqual({ name: 'a', balance: 1 });
      expect(updated).toStrictEqual({ name: 'a', balance: 2 });
      expect(found).toStrictEqual([{ balance: 2 }]);
      expect(missing).toBeUndefined();
      expect(deleted).toBe(true);
      expect(count).toBe(2);
      expect(many).toStrictEqual([{ name: 'c', balance: 4 }, undefined, { name: 'a', balance: 2 }]);
      expect(upserted).toStrictEqual({ name: 'b', balance: 5 });
      expect(country).toStrictEqual({ region: 'eu', code: 'at', name: 'Austria' });
      expect(plain).toStrictEqual({
        rows: [{ name: 'a' }, { name: 'b' }, { name: 'c' }],
        affectedRows: 0,
      });
    });

    test('C4 of a batch of calls in which one fails, nothing is stored', async () => {
      const { storage, accounts } = repositories();
      await accounts.insert({ name: 'a', balance: 1 });
      const failing = storage.batch((batch) => [
        accounts.in(batch).update('a', { balance: 2 }),
        accounts.in(batch).insert({ name: 'a', balance: 3 }),
        accounts.in(batch).insert({ name: 'b', balance: 4 }),
      ]);
      await expectRefusal(failing, 'unique_violation');
      expect(await accounts.find()).toStrictEqual([{ name: 'a', balance: 1 }]);
    });

    test('C4 a call that is refused before it runs ends the batch before it runs', async () => {
      const { storage, accounts } = repositories();
      const wrong = { name: 'b', balance: 'much' as unknown as number };
      const failing = storage.batch((batch) => [
        accounts.in(batch).insert({ name: 'a', balance: 1 }),
        accounts.in(batch).insert(wrong),
      ]);
      await expectRefusal(failing, 'invalid_value');
      const misspelt = storage.batch((batch) => [
        accounts.in(batch).insert({ name: 'a', balance: 1 }),
        accounts.in(batch).find({ where: { names: 'a' } as object }),
      ]);
      await expectRefusal(misspelt, 'unknown_column');
      expect(await accounts.count()).toBe(0);
    });

    test('C4 rows of any number, and of different columns, are inserted in one batch', async () => {
      const { storage } = repositories();
      const notes = storage.repository('note', { key: 'id' });
      const rows = Array.from({ length: 2_500 }, (_, id) =>
        id % 2 === 0
          ? { id, body: 'b', rank: null, pinned: null }
          : { pinned: true, rank: id, body: null, id },
      );
      const keys = rows.map(({ id }) => id);
      const [count, found] = await storage.batch((batch) => [
        notes.in(batch).insertMany(rows),
        notes.in(batch).getMany(keys, { select: ['rank'] }),
      ]);
      expect(count).toBe(rows.length);
      expect(found).toStrictEqual(rows.map(({ rank }) => ({ rank })));
    });

    test('C4 arguments are those of the moment of the call', async () => {
      const { storage, accounts } = repositories();
      const row = { name: 'a', balance: 1 };
      const batch = storage.batch((calls) => {
        const results = [accounts.in(calls).insert(row)] as const;
        row.balance = 2;
        return results;
      });
      row.balance = 3;
      expect(await batch).toStrictEqual([{ name: 'a', balance: 1 }]);
    });

    test('C4 a table that another storage makes or changes is met in a batch, and the order stays', async () => {
      const storage = await fixture.migrated();
      const accounts = storage.repository('account', { key: 'name' });
      const made = storage as unknown as Storage<{ made: { id: number; name: string } }>;
      await accounts.count();
      await storage.kysely.schema
        .createTable('made')
        .addColumn('id', 'integer', (column) => column.primaryKey())
        .addColumn('name', 'text', (column) => column.notNull())
        .execute();
      const rows = made.repository('made', { key: 'id' });
      const results = await made.batch((batch) => [
        rows.in(batch).insert({ id: 1, name: 'a' }),
        accounts.in(batch as never).insert({ name: 'a', balance: 1 }),
        rows.in(batch).update(1, { name: 'b' }),
      ]);
      expect(results).toStrictEqual([
        { id: 1, name: 'a' },
        { name: 'a', balance: 1 },
        { id: 1, name: 'b' },
      ]);
      await expectRefusal(
        storage.batch((batch) => [
          accounts.in(batch).insert({ name: 'b', balance: 1 }),
          storage
            .repository('nothing' as 'account', { key: 'name' })
            .in(batch)
            .get('a'),
        ]),
        'unknown_table',
      );
      expect(await accounts.count()).toBe(1);
    });

    test('C4 many batches at once add up', async () => {
      const { storage, accounts } = repositories();
      await Promise.all(
        Array.from({ length: 20 }, (_, index) =>
          storage.batch((batch) => [
            accounts.in(batch).insert({ name: `a${index}`, balance: 1 }),
            accounts.in(batch).insert({ name: `b${index}`, balance: 1 }),
          ]),
        ),
      );
      expect(await accounts.count()).toBe(40);
    });

    test('C4 a callback that makes no calls, throws, or returns no list executes nothing', async () => {
      const { storage, accounts } = repositories();
      expect(await storage.batch(() => [])).toStrictEqual([]);
      const failure = new Error('of the application');
      await expect(
        storage.batch((batch) => {
          accounts
            .in(batch)
            .insert({ name: 'a', balance: 1 })
            .catch(() => {});
          throw failure;
        }),
      ).rejects.toBe(failure);
      const late = storage.batch((async () => []) as never);
      await expectRefusal(late, 'invalid_query');
      expect(await accounts.count()).toBe(0);
    });

    test('C4 what has no place in a batch is refused, and nothing is executed', async () => {
      const { storage, accounts } = repositories();
      const attempts: readonly ((bound: typeof accounts) => Promise<unknown>)[] = [
        (bound) => bound.getOrThrow('a'),
        (bound) => bound.load([{ name: 'x', balance: 1 }]),
        (bound) => bound.stream().next(),
        (bound) => bound.get('a', { timeoutMs: 5 }),
      ];
      for (const attempt of attempts) {
        const refused = storage.batch((batch) => [
          accounts.in(batch).insert({ name: 'a', balance: 1 }),
          attempt(accounts.in(batch) as typeof accounts),
        ]);
        expect(await rejection(refused)).toMatchObject({ code: 'invalid_query' });
      }
      expect(await accounts.count()).toBe(0);
    });

    test('C4 a call after the callback of its batch is refused', async () => {
      const { storage, accounts } = repositories();
      let bound: Pick<typeof accounts, 'get'> = accounts;
      await storage.batch((batch) => {
        bound = accounts.in(batch);
        return [];
      });
      await expectRefusal(bound.get('a'), 'invalid_query');
      await storage.write(async () => {
        await expectRefusal(
          storage.batch((batch) => [accounts.in(batch).get('a')]),
          'outer_handle',
        );
      });
    });
  });
}
