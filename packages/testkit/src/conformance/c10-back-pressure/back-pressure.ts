import { describe, expect, test } from 'vitest';
import type { ConformanceTarget } from '../../fixture/conformance-target.js';
import { CASE_TIMEOUT_MS, useFixture } from '../../fixture/fixture.js';
import { holdWriters } from '../../fixture/hold-writers.js';
import { expectRefusal } from '../../fixture/refusal.js';
import { passTurns } from '../../fixture/rendezvous.js';
import type { SuiteStorage } from '../../fixture/schema/suite-database.js';

const QUEUE_LIMIT = 8;
const CALLERS = 40;

/** C10: queues are bounded. A call that would exceed the bound is refused at once. */
export function backPressureSuite(target: ConformanceTarget): void {
  describe('C10 back-pressure', { timeout: CASE_TIMEOUT_MS }, () => {
    const fixture = useFixture(target);
    const open = (): Promise<SuiteStorage> => fixture.migrated({ queueLimit: QUEUE_LIMIT });

    const submissions: readonly [string, (storage: SuiteStorage, index: number) => Promise<unknown>][] = [
      [
        'inserts',
        (storage, index) => storage.repository('account', { key: 'name' }).insert(accountOf(index)),
      ],
      [
        'transactions',
        (storage, index) =>
          storage.write((tx) => tx.repository('account', { key: 'name' }).insert(accountOf(index))),
      ],
      [
        'plain inserts',
        (storage, index) => storage.kysely.insertInto('account').values(accountOf(index)).execute(),
      ],
    ];
    for (const [what, submit] of submissions) {
      test(`C10 ${what} beyond the queue are refused at once, and those accepted are stored`, async () => {
        const storage = await open();
        const held = await holdWriters(storage);
        let settled = 0;
        const work = Array.from({ length: CALLERS }, (_, index) =>
          submit(storage, index).finally(() => {
            settled += 1;
          }),
        );
        const outcomes = Promise.allSettled(work);
        await passTurns(50);
        expect(settled).toBe(CALLERS - QUEUE_LIMIT);
        await held.release();
        const refused = (await outcomes).flatMap((outcome) =>
          outcome.status === 'rejected' ? [outcome.reason] : [],
        );
        expect(refused).toHaveLength(CALLERS - QUEUE_LIMIT);
        for (const error of refused) await expectRefusal(Promise.reject(error), 'overloaded');
        expect(await storage.repository('account', { key: 'name' }).count()).toBe(QUEUE_LIMIT);
      });
    }

    test('C10 reads beyond the queue are refused or answered, and the storage is whole afterwards', async () => {
      const storage = await open();
      const accounts = storage.repository('account', { key: 'name' });
      const outcomes = await Promise.allSettled(Array.from({ length: 500 }, () => accounts.find()));
      const refused = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []));
      expect(refused.length).toBeLessThan(500);
      for (const error of refused) await expectRefusal(Promise.reject(error), 'overloaded');
      expect(await accounts.find()).toStrictEqual([]);
    });

    test('C10 a place in the queue is free again after its call was cancelled', async () => {
      const storage = await open();
      const accounts = storage.repository('account', { key: 'name' });
      const held = await holdWriters(storage);
      const controller = new AbortController();
      const first = Array.from({ length: QUEUE_LIMIT }, (_, index) =>
        accounts.insert(accountOf(index), { signal: controller.signal }),
      );
      const cancelled = Promise.allSettled(first);
      await passTurns(20);
      await expectRefusal(accounts.insert(accountOf(100)), 'overloaded');
      controller.abort();
      await cancelled;
      const accepted = accounts.insert(accountOf(101));
      await passTurns(20);
      await held.release();
      await accepted;
      expect((await accounts.find()).map(({ name }) => name)).toStrictEqual(['n101']);
    });

    test('C10 a refusal in a transaction that is open undoes nothing of it', async () => {
      const storage = await open();
      const held = await holdWriters(storage);
      const waiting = Promise.allSettled(
        Array.from({ length: CALLERS }, (_, index) =>
          storage.repository('account', { key: 'name' }).insert(accountOf(index)),
        ),
      );
      await held.release();
      await waiting;
      await storage.write((tx) => tx.repository('account', { key: 'name' }).upsert(accountOf(0)));
      expect(await storage.repository('account', { key: 'name' }).has('n0')).toBe(true);
    });

    test('C10 an overload is counted', async () => {
      const storage = await open();
      const held = await holdWriters(storage);
      const accounts = storage.repository('account', { key: 'name' });
      const work = Promise.allSettled(
        Array.from({ length: CALLERS }, (_, index) => accounts.insert(accountOf(index))),
      );
      await passTurns(50);
      const { errors, database } = storage.metrics();
      expect(errors.overloaded).toBe(CALLERS - QUEUE_LIMIT);
      const { high, normal, low } = database.writer.queued;
      expect(high + normal + low).toBe(QUEUE_LIMIT);
      await held.release();
      await work;
    });
  });
}

function accountOf(balance: number): { name: string; balance: number } {
  return { name: `n${balance}`, balance };
}
