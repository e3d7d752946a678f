import type { Capabilities } from '@sluice/core';
import { describe, expect, test } from 'vitest';
import type { Fixture } from '../../fixture/fixture.js';
import { createLatch, createRendezvous } from '../../fixture/rendezvous.js';
import type { SuiteStorage, SuiteTransaction } from '../../fixture/schema/suite-database.js';

/** The anomalies that a serializable database prevents. The transactions overlap if the driver allows it. */
export function isolationCases(fixture: Fixture, capabilities: Capabilities): void {
  const deposit = async (storage: SuiteStorage, ...balances: [string, number][]): Promise<void> => {
    await storage
      .repository('account', { key: 'name' })
      .insertMany(balances.map(([name, balance]) => ({ name, balance })));
  };
  const balanceOf = async (tx: SuiteTransaction, name: string): Promise<number> =>
    (await tx.repository('account', { key: 'name' }).getOrThrow(name)).balance;
  const setBalance = (tx: SuiteTransaction, name: string, balance: number): Promise<unknown> =>
    tx.repository('account', { key: 'name' }).update(name, { balance });

  describe('isolation', () => {
    test('C3 P4: no update is lost when both read before either writes', async () => {
      const { storage } = fixture;
      await deposit(storage, ['a', 100]);
      const meet = createRendezvous(capabilities, 2);
      const add = (amount: number): Promise<void> =>
        storage.write(async (tx) => {
          const balance = await balanceOf(tx, 'a');
          await meet();
          await setBalance(tx, 'a', balance + amount);
        });
      await Promise.all([add(1), add(10)]);
      expect(await storage.read((tx) => balanceOf(tx, 'a'))).toBe(111);
    });

    test('C3 P4: no update of twenty at once is lost', async () => {
      const { storage } = fixture;
      await deposit(storage, ['a', 0]);
      const add = (): Promise<unknown> =>
        storage.write(async (tx) => setBalance(tx, 'a', (await balanceOf(tx, 'a')) + 1));
      await Promise.all(Array.from({ length: 20 }, add));
      expect(await storage.read((tx) => balanceOf(tx, 'a'))).toBe(20);
    });

    test('C3 G2-item: two transactions that read both accounts do not both empty one', async () => {
      const { storage } = fixture;
      await deposit(storage, ['a', 60], ['b', 60]);
      const meet = createRendezvous(capabilities, 2);
      const withdraw = (name: string): Promise<void> =>
        storage.write(async (tx) => {
          const total = (await balanceOf(tx, 'a')) + (await balanceOf(tx, 'b'));
          await meet();
          if (total >= 100) await setBalance(tx, name, (await balanceOf(tx, name)) - 100);
        });
      await Promise.all([withdraw('a'), withdraw('b')]);
      const total = await storage.read(async (tx) => (await balanceOf(tx, 'a')) + (await balanceOf(tx, 'b')));
      expect(total).toBe(20);
    });

    test('C3 G2: two transactions that find no row do not both insert one', async () => {
      const { storage } = fixture;
      const meet = createRendezvous(capabilities, 2);
      const claim = (id: number): Promise<boolean> =>
        storage.write(async (tx) => {
          const notes = tx.repository('note', { key: 'id' });
          const taken = await notes.count({ where: { rank: 7 } });
          await meet();
          if (taken > 0) return false;
          await notes.insert({ id, body: null, rank: 7, pinned: null });
          return true;
        });
      const claimed = await Promise.all([claim(1), claim(2)]);
      expect(claimed.filter(Boolean)).toHaveLength(1);
      expect(await storage.repository('note', { key: 'id' }).count()).toBe(1);
    });

    test('C3 G0: rows written by two transactions are all of one or all of the other', async () => {
      const { storage } = fixture;
      await deposit(storage, ['a', 0], ['b', 0]);
      const meet = createRendezvous(capabilities, 2);
      const writeBoth = (value: number): Promise<void> =>
        storage.write(async (tx) => {
          await tx.repository('account', { key: 'name' }).count();
          await meet();
          await setBalance(tx, 'a', value);
          await setBalance(tx, 'b', value);
        });
      await Promise.all([writeBoth(1), writeBoth(2)]);
      const [a, b] = await storage.read(async (tx) => [await balanceOf(tx, 'a'), await balanceOf(tx, 'b')]);
      expect(a).toBe(b);
    });

    test('C3 G1a and G1b: no other transaction sees uncommitted rows', async () => {
      const { storage } = fixture;
      await deposit(storage, ['a', 1]);
      const written = createLatch();
      const seen = createLatch();
      const writing = storage.write(async (tx) => {
        await setBalance(tx, 'a', 2);
        written.resolve();
        await seen.promise;
        await setBalance(tx, 'a', 3);
        throw new Error('undone');
      });
      writing.catch(() => {});
      await written.promise;
      const plain = storage.kysely.selectFrom('account').select('balance');
      const reading = Promise.all([
        storage.repository('account', { key: 'name' }).get('a'),
        storage.read((tx) => balanceOf(tx, 'a')),
        plain.execute(),
      ]);
      // If transactions run one at a time, the readers wait until this one ends.
      if (capabilities.concurrentReaders) await reading;
      seen.resolve();
      expect(await reading).toStrictEqual([{ name: 'a', balance: 1 }, 1, [{ balance: 1 }]]);
      await expect(writing).rejects.toThrow('undone');
      expect(await storage.read((tx) => balanceOf(tx, 'a'))).toBe(1);
    });

    test('C3 G1c: two transactions do not each see what the other wrote', async () => {
      const { storage } = fixture;
      await deposit(storage, ['a', 0], ['b', 0]);
      const meet = createRendezvous(capabilities, 2);
      const swap = (own: string, other: string): Promise<number> =>
        storage.write(async (tx) => {
          await setBalance(tx, own, 1);
          await meet();
          return balanceOf(tx, other);
        });
      const [first, second] = await Promise.all([swap('a', 'b'), swap('b', 'a')]);
      expect([first, second].toSorted()).toStrictEqual([0, 1]);
    });

    test('C3 a query outside neither sees nor joins a transaction that is open on the same storage', async () => {
      const { storage } = fixture;
      await deposit(storage, ['a', 1]);
      const open = createLatch();
      const go = createLatch();
      const writing = storage.write(async (tx) => {
        await tx.repository('account', { key: 'name' }).count();
        open.resolve();
        await go.promise;
        throw new Error('undone');
      });
      writing.catch(() => {});
      await open.promise;
      const outside = storage
        .repository('note', { key: 'id' })
        .insert({ id: 1, body: null, rank: null, pinned: null });
      go.resolve();
      await outside;
      await expect(writing).rejects.toThrow('undone');
      expect(await storage.repository('note', { key: 'id' }).count()).toBe(1);
    });

    test('C3 callbacks interleaved by await never mix: the rollback of one leaves the other', async () => {
      const { storage } = fixture;
      const insertSlowly = (name: string, fails: boolean): Promise<void> =>
        storage.write(async (tx) => {
          for (let step = 0; step < 5; step += 1) {
            await tx.repository('account', { key: 'name' }).insert({ name: `${name}${step}`, balance: step });
            await new Promise((resolve) => setImmediate(resolve));
          }
          if (fails) throw new Error('undone');
        });
      const work = ['a', 'b', 'c', 'd'].map((name, index) => insertSlowly(name, index % 2 === 1));
      await Promise.allSettled(work);
      const rows = await storage.repository('account', { key: 'name' }).find({ orderBy: { name: 'asc' } });
      expect(rows.map(({ name }) => name)).toStrictEqual(
        ['a', 'c'].flatMap((n) => [0, 1, 2, 3, 4].map((s) => `${n}${s}`)),
      );
    });
  });
}
