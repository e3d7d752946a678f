import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { Fixture } from '../../fixture/fixture.js';
import { rejection } from '../../fixture/rejection.js';
import type { SuiteStorage } from '../../fixture/schema/suite-database.js';

/** Longer than a driver lets what it can make again keep others waiting. */
const THOUGHT_MS = 20;

const ROUNDS = 10;

/** What a transaction may suffer through others that commit, roll back and conflict at the same time. */
export function neighbourCases(fixture: Fixture): void {
  describe('neighbours', () => {
    test('C3 a plain Kysely transaction that pauses is never undone for its neighbours', async () => {
      const { storage } = fixture;
      await storage.repository('account', { key: 'name' }).insert({ name: 'hot', balance: 0 });
      for (let round = 0; round < ROUNDS; round += 1) {
        const before = disturb(storage, round);
        const plain = [plainTransaction(storage, round * 10), controlledTransaction(storage, round * 10 + 5)];
        const after = disturb(storage, round);
        expect(await Promise.allSettled(plain)).toStrictEqual([
          { status: 'fulfilled', value: undefined },
          { status: 'fulfilled', value: undefined },
        ]);
        await Promise.all([before, after]);
      }
      expect(await storage.repository('note', { key: 'id' }).count()).toBe(4 * ROUNDS);
      expect(await storage.repository('account', { key: 'name' }).getOrThrow('hot')).toMatchObject({
        balance: 4 * ROUNDS,
      });
    });
  });
}

/** Neighbours of which two commit after a conflict, one fails at COMMIT and one is undone by its callback. */
async function disturb(storage: SuiteStorage, round: number): Promise<void> {
  const increase = (): Promise<unknown> =>
    storage.write(async (tx) => {
      const accounts = tx.repository('account', { key: 'name' });
      const { balance } = await accounts.getOrThrow('hot');
      await accounts.update('hot', { balance: balance + 1 });
    });
  const failing = rejection(
    storage.write((tx) => tx.repository('deferred_link', { key: 'id' }).insert({ id: round, book_id: 404 })),
  );
  const undone = rejection(
    storage.write(async (tx) => {
      await tx.repository('account', { key: 'name' }).insert({ name: `undone ${round}`, balance: 0 });
      throw new Error('undone');
    }),
  );
  await Promise.all([increase(), failing, increase(), undone]);
}

async function plainTransaction(storage: SuiteStorage, id: number): Promise<void> {
  await storage.kysely.transaction().execute(async (trx) => {
    const insert = (key: number): Promise<unknown> =>
      trx.insertInto('note').values({ id: key, body: null, rank: null, pinned: null }).execute();
    await insert(id);
    await pause(THOUGHT_MS);
    await insert(id + 1);
  });
}

async function controlledTransaction(storage: SuiteStorage, id: number): Promise<void> {
  const trx = await storage.kysely.startTransaction().execute();
  const insert = (key: number): Promise<unknown> =>
    trx.insertInto('note').values({ id: key, body: null, rank: null, pinned: null }).execute();
  await insert(id);
  await pause(THOUGHT_MS);
  await insert(id + 1);
  await trx.commit().execute();
}
