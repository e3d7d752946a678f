import type { Capabilities } from '@sluice/core';
import { describe, expect, test } from 'vitest';
import type { Fixture } from '../../fixture/fixture.js';
import { expectRefusal } from '../../fixture/refusal.js';
import { rejection } from '../../fixture/rejection.js';
import { createLatch } from '../../fixture/rendezvous.js';

/** Kysely's own `transaction()`, for code that does not use the storage. */
export function kyselyTransactionCases(fixture: Fixture, capabilities: Capabilities): void {
  describe('kysely.transaction()', () => {
    test('C3 kysely.transaction() commits what its callback did, and gives its result', async () => {
      const { storage } = fixture;
      const result = await storage.kysely.transaction().execute(async (trx) => {
        await trx.insertInto('account').values({ name: 'a', balance: 1 }).execute();
        return trx.updateTable('account').set({ balance: 2 }).returningAll().executeTakeFirst();
      });
      expect(result).toStrictEqual({ name: 'a', balance: 2 });
      expect(await storage.kysely.selectFrom('account').selectAll().execute()).toStrictEqual([result]);
    });

    test('C3 kysely.transaction() undoes everything when its callback throws', async () => {
      const { storage } = fixture;
      const failure = new Error('undone');
      const work = storage.kysely.transaction().execute(async (trx) => {
        await trx.insertInto('account').values({ name: 'a', balance: 1 }).execute();
        throw failure;
      });
      expect(await rejection(work)).toBe(failure);
      expect(await storage.repository('account', { key: 'name' }).count()).toBe(0);
    });

    test('C3 kysely.transaction() cannot commit after a swallowed error', async () => {
      const { storage } = fixture;
      const work = storage.kysely.transaction().execute(async (trx) => {
        const insert = trx.insertInto('account').values({ name: 'a', balance: 1 });
        await insert.execute();
        await insert.execute().catch(() => {});
      });
      await expectRefusal(work, 'transaction_broken');
      expect(await storage.repository('account', { key: 'name' }).count()).toBe(0);
    });

    test('C3 the outer handle inside kysely.transaction() is refused at once', async () => {
      const { storage } = fixture;
      await storage.kysely.transaction().execute(async (trx) => {
        await expectRefusal(storage.kysely.selectFrom('account').selectAll().execute(), 'outer_handle');
        await expectRefusal(storage.repository('account', { key: 'name' }).find(), 'outer_handle');
        await expectRefusal(
          storage.write(async () => {}),
          'outer_handle',
        );
        await trx.insertInto('account').values({ name: 'a', balance: 1 }).execute();
      });
      expect(await storage.repository('account', { key: 'name' }).count()).toBe(1);
    });

    test('C3 a query outside of an open kysely.transaction() does not join it', async () => {
      const { storage } = fixture;
      const open = createLatch();
      const go = createLatch();
      const work = storage.kysely.transaction().execute(async (trx) => {
        await trx.insertInto('account').values({ name: 'a', balance: 1 }).execute();
        open.resolve();
        await go.promise;
        throw new Error('undone');
      });
      work.catch(() => {});
      await open.promise;
      const reading = storage.kysely.selectFrom('account').selectAll().execute();
      if (capabilities.concurrentReaders) await reading;
      go.resolve();
      await expect(work).rejects.toThrow('undone');
      expect(await reading).toStrictEqual([]);
    });

    test('C3 kysely.transaction() read only refuses to write', async () => {
      const { storage } = fixture;
      const work = storage.kysely
        .transaction()
        .setAccessMode('read only')
        .execute((trx) => trx.insertInto('account').values({ name: 'a', balance: 1 }).execute());
      await expectRefusal(work, 'invalid_query');
      expect(await storage.repository('account', { key: 'name' }).count()).toBe(0);
    });

    test('C3 kysely.transaction() refuses an isolation level that no driver offers', async () => {
      const work = fixture.storage.kysely
        .transaction()
        .setIsolationLevel('snapshot')
        .execute(async () => {});
      await expectRefusal(work, 'unsupported');
    });

    test('C3 kysely.connection() gives a handle that runs queries', async () => {
      const { storage } = fixture;
      const rows = await storage.kysely.connection().execute(async (db) => {
        await db.insertInto('account').values({ name: 'a', balance: 1 }).execute();
        return db.selectFrom('account').select('name').execute();
      });
      expect(rows).toStrictEqual([{ name: 'a' }]);
    });

    test('C3 kysely.connection() runs its statements and transactions in order', async () => {
      const { storage } = fixture;
      const balances = await storage.kysely.connection().execute(async (db) => {
        const read = async (): Promise<unknown> => db.selectFrom('account').select('balance').execute();
        await db.insertInto('account').values({ name: 'a', balance: 1 }).execute();
        const first = await read();
        await db.transaction().execute((trx) => trx.updateTable('account').set({ balance: 2 }).execute());
        const [second] = await Promise.all([read(), db.updateTable('account').set({ balance: 3 }).execute()]);
        return [first, second, await read()];
      });
      expect(balances).toStrictEqual([[{ balance: 1 }], [{ balance: 2 }], [{ balance: 3 }]]);
    });

    test('C3 kysely.connection() rolls back nothing when its callback throws, and can be used again', async () => {
      const { storage } = fixture;
      const failure = new Error('stop');
      const work = storage.kysely.connection().execute(async (db) => {
        await db.insertInto('account').values({ name: 'a', balance: 1 }).execute();
        throw failure;
      });
      expect(await rejection(work)).toBe(failure);
      const again = storage.kysely.connection();
      expect(await again.execute((db) => db.selectFrom('account').select('name').execute())).toStrictEqual([
        { name: 'a' },
      ]);
    });

    test('C3 kysely.connection() goes on after a change of the schema', async () => {
      const { storage } = fixture;
      const rows = await storage.kysely.connection().execute(async (db) => {
        await db.schema
          .createIndex('account_balance')
          .on('account')
          .columns(['balance desc', 'name'])
          .execute();
        await db.insertInto('account').values({ name: 'a', balance: 1 }).execute();
        return db.selectFrom('account').selectAll().execute();
      });
      expect(rows).toStrictEqual([{ name: 'a', balance: 1 }]);
    });

    for (const isolation of ['read committed', 'repeatable read', 'serializable'] as const) {
      test(`C3 write and kysely.transaction() take the level ${isolation}`, async () => {
        const { storage } = fixture;
        await storage.write(
          (tx) => tx.repository('account', { key: 'name' }).insert({ name: 'a', balance: 1 }),
          {
            isolation,
          },
        );
        const trx = storage.kysely.transaction().setIsolationLevel(isolation);
        await trx.execute((db) => db.updateTable('account').set({ balance: 2 }).execute());
        const read = storage.read((tx) => tx.repository('account', { key: 'name' }).get('a'), { isolation });
        expect(await read).toStrictEqual({ name: 'a', balance: 2 });
      });
    }

    if (capabilities.weakerIsolation) {
      test('C3 read committed, asked for, sees what others commit meanwhile', async () => {
        const { storage } = fixture;
        const { work, go } = await countTwiceReadCommitted(storage);
        await storage.repository('account', { key: 'name' }).insert({ name: 'a', balance: 1 });
        go();
        expect(await work).toStrictEqual([0, 1]);
      });
    } else {
      test('C3 read committed, asked for, is serializable here: another write waits', async () => {
        const { storage } = fixture;
        const { work, go } = await countTwiceReadCommitted(storage);
        const outside = storage.repository('account', { key: 'name' }).insert({ name: 'a', balance: 1 });
        go();
        expect(await work).toStrictEqual([0, 0]);
        await outside;
      });
    }
  });
}

/** Starts a transaction that counts the accounts, waits for `go`, and counts them again. Resolves after the first count. */
async function countTwiceReadCommitted(
  storage: Fixture['storage'],
): Promise<{ readonly work: Promise<readonly [number, number]>; readonly go: () => void }> {
  const begun = createLatch();
  const latch = createLatch();
  const work = storage.write(
    async (tx): Promise<readonly [number, number]> => {
      const accounts = tx.repository('account', { key: 'name' });
      const before = await accounts.count();
      begun.resolve();
      await latch.promise;
      return [before, await accounts.count()];
    },
    { isolation: 'read committed' },
  );
  await begun.promise;
  return { work, go: () => latch.resolve() };
}
