import { describe, expect, test } from 'vitest';
import { collect } from '../../fixture/collect.js';
import { closeInTime, type Fixture } from '../../fixture/fixture.js';
import { expectRefusal } from '../../fixture/refusal.js';
import { createLatch } from '../../fixture/rendezvous.js';
import type { SuiteStorage } from '../../fixture/schema/suite-database.js';

/** `close` completes the accepted calls and refuses later ones. */
export function closingCases(fixture: Fixture): void {
  const accounts = (storage: SuiteStorage) => storage.repository('account', { key: 'name' });

  describe('closing', () => {
    test('C12 close may be called again, and many times at once', async () => {
      const storage = await fixture.migrated();
      await Promise.all([closeInTime(storage), closeInTime(storage), closeInTime(storage)]);
      await closeInTime(storage);
    });

    test('C12 close waits for an open write transaction, which goes on to commit', async () => {
      const name = fixture.newName();
      const storage = await fixture.migrated({}, name);
      const begun = createLatch();
      const go = createLatch();
      const writing = storage.write(async (tx) => {
        await tx.repository('account', { key: 'name' }).insert({ name: 'before', balance: 1 });
        begun.resolve();
        await go.promise;
        await tx.repository('account', { key: 'name' }).insert({ name: 'after', balance: 2 });
        return 'done';
      });
      await begun.promise;
      let isClosed = false;
      const closing = closeInTime(storage).then(() => {
        isClosed = true;
      });
      await expectRefusal(accounts(storage).insert({ name: 'late', balance: 3 }), 'closed');
      await expectRefusal(
        storage.write(async () => {}),
        'closed',
      );
      await expectRefusal(
        storage.read(async () => {}),
        'closed',
      );
      expect(isClosed).toBe(false);
      go.resolve();
      expect(await writing).toBe('done');
      await closing;
      const again = await fixture.migrated({}, name);
      if (storage.capabilities.durable) expect(await accounts(again).count()).toBe(2);
    });

    test('C12 close waits for an open read transaction', async () => {
      const storage = await fixture.migrated();
      const begun = createLatch();
      const go = createLatch();
      const reading = storage.read(async (tx) => {
        await tx.repository('account', { key: 'name' }).count();
        begun.resolve();
        await go.promise;
        return tx.repository('account', { key: 'name' }).count();
      });
      await begun.promise;
      const closing = closeInTime(storage);
      go.resolve();
      expect(await reading).toBe(0);
      await closing;
    });

    test('C12 close waits for a stream that is being read', async () => {
      const storage = await fixture.migrated();
      await accounts(storage).insertMany(
        Array.from({ length: 500 }, (_, balance) => ({ name: `n${balance}`, balance })),
      );
      const stream = accounts(storage).stream({}, { batchSize: 10 });
      await stream.next();
      const closing = closeInTime(storage);
      expect(await collect(stream)).toHaveLength(499);
      await closing;
    });

    test('C12 close answers every call that was accepted before it', async () => {
      const storage = await fixture.migrated();
      await accounts(storage).count();
      const calls = Array.from({ length: 200 }, (_, balance) =>
        balance % 2 === 0
          ? accounts(storage).insert({ name: `n${balance}`, balance })
          : accounts(storage).count(),
      );
      const closing = closeInTime(storage);
      const outcomes = await Promise.allSettled(calls);
      expect(outcomes.filter(({ status }) => status === 'rejected')).toStrictEqual([]);
      await closing;
    });

    test('C12 close under load loses nothing acknowledged and hangs nowhere', async () => {
      const name = fixture.newName();
      const storage = await fixture.migrated({}, name);
      let acknowledged = 0;
      const caller = async (id: number): Promise<void> => {
        for (let step = 0; ; step += 1) {
          try {
            if (step % 2 === 0) await accounts(storage).insert({ name: `${id}/${step}`, balance: 1 });
            else
              await storage.write((tx) =>
                tx.repository('account', { key: 'name' }).insert({ name: `${id}/${step}`, balance: 1 }),
              );
            acknowledged += 1;
          } catch (error) {
            await expectRefusal(Promise.reject(error), 'closed');
            return;
          }
        }
      };
      const callers = Array.from({ length: 16 }, (_, id) => caller(id));
      while (acknowledged < 200) await new Promise((resolve) => setImmediate(resolve));
      await closeInTime(storage);
      await Promise.all(callers);
      const again = await fixture.migrated({}, name);
      if (storage.capabilities.durable) expect(await accounts(again).count()).toBe(acknowledged);
    });

    test('C12 close inside a transaction of its own is refused, since each would wait for the other', async () => {
      const storage = await fixture.migrated();
      await storage.write(() => expectRefusal(storage.close(), 'outer_handle'));
      await storage.read(() => expectRefusal(storage.close(), 'outer_handle'));
      await accounts(storage).insert({ name: 'a', balance: 1 });
      await closeInTime(storage);
    });

    test('C12 kysely.destroy closes the storage', async () => {
      const storage = await fixture.migrated();
      await storage.kysely.selectFrom('account').selectAll().execute();
      await storage.kysely.destroy();
      await expectRefusal(accounts(storage).count(), 'closed');
      await closeInTime(storage);
    });

    test('C12 closing a storage emits one event', async () => {
      const storage = await fixture.migrated();
      let told = 0;
      storage.on('close', () => {
        told += 1;
      });
      await Promise.all([closeInTime(storage), closeInTime(storage)]);
      await closeInTime(storage);
      expect(told).toBe(1);
    });
  });
}
