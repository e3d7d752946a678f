import { type Capabilities, ConflictError } from '@sluice/core';
import { describe, expect, test } from 'vitest';
import type { Fixture } from '../../fixture/fixture.js';
import { expectRefusal } from '../../fixture/refusal.js';
import { rejection } from '../../fixture/rejection.js';
import { createRendezvous } from '../../fixture/rendezvous.js';

/** After a conflict the whole callback runs again. Side effects run only after the commit. */
export function replayCases(fixture: Fixture, capabilities: Capabilities): void {
  const conflict = (): ConflictError => new ConflictError('serialization', 'made up by the suite');

  describe('replay', () => {
    test('C3 a conflict replays the whole callback, and nothing of the undone attempts is left', async () => {
      const { storage } = fixture;
      let runs = 0;
      const result = await storage.write(async (tx) => {
        runs += 1;
        const accounts = tx.repository('account', { key: 'name' });
        expect(await accounts.count()).toBe(0);
        await accounts.insert({ name: `run${runs}`, balance: runs });
        if (runs < 4) throw conflict();
        return runs;
      });
      expect(result).toBe(4);
      const rows = await storage.repository('account', { key: 'name' }).find();
      expect(rows).toStrictEqual([{ name: 'run4', balance: 4 }]);
    });

    test('C3 afterCommit runs once and in order, however often the callback ran', async () => {
      const { storage } = fixture;
      const told: string[] = [];
      let runs = 0;
      await storage.write(async (tx) => {
        runs += 1;
        const run = runs;
        tx.afterCommit(() => told.push(`first of ${run}`));
        await tx.repository('account', { key: 'name' }).insert({ name: 'a', balance: 1 });
        tx.afterCommit(async () => {
          await new Promise((resolve) => setImmediate(resolve));
          told.push(`second of ${run}`);
        });
        expect(told).toStrictEqual([]);
        if (run < 3) throw conflict();
      });
      expect(told).toStrictEqual(['first of 3', 'second of 3']);
    });

    test('C3 afterCommit does not run when the transaction is undone', async () => {
      const { storage } = fixture;
      const told: string[] = [];
      const work = storage.write(async (tx) => {
        tx.afterCommit(() => told.push('told'));
        throw new Error('undone');
      });
      await rejection(work);
      expect(told).toStrictEqual([]);
    });

    test('C3 afterCommit finds the transaction durable and may use the storage', async () => {
      const { storage } = fixture;
      let seen: unknown;
      await storage.write(async (tx) => {
        await tx.repository('account', { key: 'name' }).insert({ name: 'a', balance: 1 });
        tx.afterCommit(async () => {
          seen = await storage.repository('account', { key: 'name' }).get('a');
          await storage.repository('account', { key: 'name' }).insert({ name: 'b', balance: 2 });
        });
      });
      expect(seen).toStrictEqual({ name: 'a', balance: 1 });
      expect(await storage.repository('account', { key: 'name' }).count()).toBe(2);
    });

    test('C3 what afterCommit throws rejects the call and undoes nothing', async () => {
      const { storage } = fixture;
      const failure = new Error('no mail today');
      const work = storage.write(async (tx) => {
        await tx.repository('account', { key: 'name' }).insert({ name: 'a', balance: 1 });
        tx.afterCommit(() => {
          throw failure;
        });
      });
      expect(await rejection(work)).toBe(failure);
      expect(await storage.repository('account', { key: 'name' }).count()).toBe(1);
    });

    test('C3 a conflict that lasts is replayed until the deadline, and then a timeout with the conflict as cause', async () => {
      const { storage } = fixture;
      let runs = 0;
      const work = storage.write(
        async (tx) => {
          runs += 1;
          await tx.repository('account', { key: 'name' }).insert({ name: 'a', balance: 1 });
          throw conflict();
        },
        { timeoutMs: 400 },
      );
      const error = await expectRefusal(work, 'timeout');
      expect(error.cause).toBeInstanceOf(ConflictError);
      expect(runs).toBeGreaterThan(2);
      expect(await storage.repository('account', { key: 'name' }).count()).toBe(0);
    });

    test('C3 no other error is replayed', async () => {
      const { storage } = fixture;
      const accounts = storage.repository('account', { key: 'name' });
      await accounts.insert({ name: 'a', balance: 1 });
      let runs = 0;
      const work = storage.write(async (tx) => {
        runs += 1;
        await tx.repository('account', { key: 'name' }).insert({ name: 'a', balance: 2 });
      });
      await expectRefusal(work, 'unique_violation');
      expect(runs).toBe(1);
    });

    test('C3 a violation after a read reaches the caller, after one replay at most', async () => {
      const { storage } = fixture;
      await storage.repository('account', { key: 'name' }).insert({ name: 'a', balance: 1 });
      let runs = 0;
      const work = storage.write(async (tx) => {
        runs += 1;
        const accounts = tx.repository('account', { key: 'name' });
        expect(await accounts.count()).toBe(1);
        await accounts.insert({ name: 'a', balance: 2 });
      });
      await expectRefusal(work, 'unique_violation');
      expect(runs).toBeLessThanOrEqual(2);
    });

    test('C3 read is replayed too', async () => {
      let runs = 0;
      const result = await fixture.storage.read(async (tx) => {
        runs += 1;
        await tx.repository('account', { key: 'name' }).count();
        if (runs < 2) throw conflict();
        return runs;
      });
      expect(result).toBe(2);
    });

    if (capabilities.concurrentWriters) {
      test('C3 transactions with a real conflict are replayed, counted and reported by an event', async () => {
        const { storage } = fixture;
        await storage.repository('account', { key: 'name' }).insert({ name: 'a', balance: 0 });
        const told: string[] = [];
        const stop = storage.on('replay', ({ reason }) => told.push(reason));
        const replaysBefore = sumOf(storage.metrics().replays);
        const meet = createRendezvous(capabilities, 4);
        let runs = 0;
        await Promise.all(
          Array.from({ length: 4 }, () =>
            storage.write(async (tx) => {
              runs += 1;
              const accounts = tx.repository('account', { key: 'name' });
              const { balance } = await accounts.getOrThrow('a');
              await meet();
              await accounts.update('a', { balance: balance + 1 });
            }),
          ),
        );
        stop();
        expect(await storage.repository('account', { key: 'name' }).get('a')).toMatchObject({ balance: 4 });
        expect(runs).toBeGreaterThan(4);
        expect(told).toHaveLength(runs - 4);
        expect(sumOf(storage.metrics().replays) - replaysBefore).toBe(runs - 4);
      });
    } else {
      test('C3 write transactions run one at a time, so that none conflicts with another', async () => {
        const { storage } = fixture;
        let running = 0;
        let most = 0;
        let runs = 0;
        await Promise.all(
          Array.from({ length: 10 }, () =>
            storage.write(async (tx) => {
              runs += 1;
              running += 1;
              most = Math.max(most, running);
              await tx.repository('account', { key: 'name' }).upsert({ name: 'a', balance: runs });
              await new Promise((resolve) => setImmediate(resolve));
              running -= 1;
            }),
          ),
        );
        expect([most, runs]).toStrictEqual([1, 10]);
      });
    }
  });
}

function sumOf(counts: Readonly<Partial<Record<string, number>>>): number {
  return Object.values(counts).reduce<number>((sum, count) => sum + (count ?? 0), 0);
}
