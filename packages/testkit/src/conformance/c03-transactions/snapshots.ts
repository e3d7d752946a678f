import { AsyncResource } from 'node:async_hooks';
import type { Capabilities } from '@sluice/core';
import { sql } from 'kysely';
import { describe, expect, test } from 'vitest';
import { collect } from '../../fixture/collect.js';
import type { Fixture } from '../../fixture/fixture.js';
import { expectRefusal } from '../../fixture/refusal.js';
import type { SuiteTransaction } from '../../fixture/schema/suite-database.js';

/** `read` runs on one snapshot and changes nothing. */
export function snapshotCases(fixture: Fixture, { concurrentReaders }: Capabilities): void {
  const store = async (): Promise<void> => {
    await fixture.storage.repository('account', { key: 'name' }).insertMany([
      { name: 'a', balance: 50 },
      { name: 'b', balance: 50 },
    ]);
  };

  describe('snapshots', () => {
    test('C3 G-single: read sees one snapshot while a writer commits', async () => {
      await store();
      const { storage } = fixture;
      const outside = storage.write.bind(storage);
      const runOutside = bindOutside();
      let writing: Promise<unknown> = Promise.resolve();
      const seen = await storage.read(async (tx) => {
        const accounts = tx.repository('account', { key: 'name' });
        const a = await accounts.getOrThrow('a');
        writing = runOutside(() =>
          outside(async (writer) => {
            await writer.repository('account', { key: 'name' }).update('a', { balance: 0 });
            await writer.repository('account', { key: 'name' }).update('b', { balance: 100 });
          }),
        );
        // If transactions run one at a time, the writer waits until this one ends.
        if (concurrentReaders) await writing;
        const b = await accounts.getOrThrow('b');
        const streamed = await collect(accounts.stream({ orderBy: { name: 'asc' } }));
        return [a.balance, b.balance, ...streamed.map(({ balance }) => balance)];
      });
      expect(seen).toStrictEqual([50, 50, 50, 50]);
      await writing;
      expect(await storage.repository('account', { key: 'name' }).get('a')).toMatchObject({ balance: 0 });
    });

    test('C3 PMP: read finds no phantom', async () => {
      await store();
      const { storage } = fixture;
      const runOutside = bindOutside();
      let writing: Promise<unknown> = Promise.resolve();
      const counts = await storage.read(async (tx) => {
        const accounts = tx.repository('account', { key: 'name' });
        const before = await accounts.count({ where: { balance: { gte: 0 } } });
        writing = runOutside(() =>
          storage.repository('account', { key: 'name' }).insert({ name: 'c', balance: 1 }),
        );
        if (concurrentReaders) await writing;
        return [before, await accounts.count({ where: { balance: { gte: 0 } } })];
      });
      expect(counts).toStrictEqual([2, 2]);
      await writing;
      expect(await storage.repository('account', { key: 'name' }).count()).toBe(3);
    });

    test('C3 the snapshot of read is not older than what was committed before it began', async () => {
      const { storage } = fixture;
      const accounts = storage.repository('account', { key: 'name' });
      for (let balance = 0; balance < 20; balance += 1) {
        await accounts.upsert({ name: 'a', balance });
        const seen = await storage.read((tx) => tx.repository('account', { key: 'name' }).getOrThrow('a'));
        expect(seen.balance).toBe(balance);
        expect((await accounts.getOrThrow('a')).balance).toBe(balance);
      }
    });

    if (concurrentReaders) {
      test('C3 the snapshot of read is taken by its first statement: what was committed until then is in it', async () => {
        await store();
        const { storage } = fixture;
        const accounts = storage.repository('account', { key: 'name' });
        const runOutside = bindOutside();
        const change = (balance: number) => runOutside(() => accounts.update('a', { balance }));
        const seen = await storage.read(async (tx) => {
          await change(1);
          const own = tx.repository('account', { key: 'name' });
          const first = await own.getOrThrow('a');
          await change(2);
          return [first.balance, (await own.getOrThrow('a')).balance];
        });
        expect(seen).toStrictEqual([1, 1]);
      });

      test('C3 a savepoint of read takes no snapshot, its first statement does', async () => {
        await store();
        const accounts = fixture.storage.repository('account', { key: 'name' });
        const runOutside = bindOutside();
        const seen = await fixture.storage.read((tx) =>
          tx.savepoint(async (inner) => {
            await runOutside(() => accounts.update('a', { balance: 1 }));
            return inner.repository('account', { key: 'name' }).getOrThrow('a');
          }),
        );
        expect(seen.balance).toBe(1);
      });

      test('C3 a plain read-only transaction takes its snapshot in the same way', async () => {
        await store();
        const { storage } = fixture;
        const accounts = storage.repository('account', { key: 'name' });
        const runOutside = bindOutside();
        const change = (balance: number) => runOutside(() => accounts.update('a', { balance }));
        const seen = await storage.kysely
          .transaction()
          .setAccessMode('read only')
          .execute(async (tx) => {
            const read = () => tx.selectFrom('account').select('balance').where('name', '=', 'a').execute();
            await change(1);
            const first = await read();
            await change(2);
            return [...first, ...(await read())];
          });
        expect(seen).toStrictEqual([{ balance: 1 }, { balance: 1 }]);
      });
    }

    test('C3 a read without a statement has none to see, and ends', async () => {
      await store();
      const { storage } = fixture;
      expect(await storage.read(async () => 1)).toBe(1);
      const failure = new Error('of the application');
      await expect(
        storage.read(async () => {
          throw failure;
        }),
      ).rejects.toBe(failure);
      expect(await storage.repository('account', { key: 'name' }).count()).toBe(2);
    });

    test('C3 a deferrable read sees what was committed before it, once', async () => {
      const { storage } = fixture;
      await storage.repository('account', { key: 'name' }).insert({ name: 'a', balance: 1 });
      let runs = 0;
      const read = storage.read(
        (tx) => {
          runs += 1;
          return tx.repository('account', { key: 'name' }).get('a');
        },
        { deferrable: true },
      );
      expect([await read, runs]).toStrictEqual([{ name: 'a', balance: 1 }, 1]);
    });

    test('C3 a deferrable read is serializable, and a weaker level beside it is refused', async () => {
      const options = { deferrable: true, isolation: 'repeatable read' } as const;
      const refused = fixture.storage.read(async () => 1, options);
      await expectRefusal(refused, 'invalid_query');
    });

    test('C3 read refuses to write, in a repository and in a plain query, and nothing is written', async () => {
      await store();
      const { storage } = fixture;
      const attempts: readonly ((tx: SuiteTransaction) => Promise<unknown>)[] = [
        (tx) => tx.repository('account', { key: 'name' }).insert({ name: 'x', balance: 1 }),
        (tx) => tx.repository('account', { key: 'name' }).update('a', { balance: 1 }),
        (tx) => tx.repository('account', { key: 'name' }).deleteMany({ where: {} }),
        (tx) => tx.kysely.insertInto('account').values({ name: 'x', balance: 1 }).execute(),
        (tx) => tx.kysely.updateTable('account').set({ balance: 0 }).returningAll().execute(),
        (tx) => tx.kysely.deleteFrom('account').execute(),
        (tx) => sql`delete from account`.execute(tx.kysely),
      ];
      for (const attempt of attempts) await expectRefusal(storage.read(attempt), 'invalid_query');
      const rows = await storage.repository('account', { key: 'name' }).find({ orderBy: { name: 'asc' } });
      expect(rows).toStrictEqual([
        { name: 'a', balance: 50 },
        { name: 'b', balance: 50 },
      ]);
    });

    const many = concurrentReaders
      ? 'many reads run beside an open writer, none waiting for it'
      : 'many reads wait for an open writer, as declared, and see what it committed';
    test(`C3 ${many}`, async () => {
      await store();
      const { storage } = fixture;
      const runOutside = bindOutside();
      let totals: Promise<number[]> = Promise.resolve([]);
      await storage.write(async (tx) => {
        await tx.repository('account', { key: 'name' }).update('a', { balance: 0 });
        totals = runOutside(() =>
          Promise.all(
            Array.from({ length: 20 }, () =>
              storage.read(async (reader) => {
                const rows = await reader.repository('account', { key: 'name' }).find();
                return rows.reduce((sum, { balance }) => sum + balance, 0);
              }),
            ),
          ),
        );
        if (concurrentReaders) await totals;
      });
      expect(await totals).toStrictEqual(Array(20).fill(concurrentReaders ? 100 : 50));
    });
  });
}

/**
 * Returns a function that runs work in the async context of this call, outside of any transaction, even if the function is called inside a
 * transaction. So the work looks like a call from another part of the application.
 */
function bindOutside(): <T>(work: () => Promise<T>) => Promise<T> {
  return AsyncResource.bind(<T>(work: () => Promise<T>) => work());
}
