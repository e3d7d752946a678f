import { describe, expect, test } from 'vitest';
import { collect } from '../../fixture/collect.js';
import type { Fixture } from '../../fixture/fixture.js';
import { expectRefusal } from '../../fixture/refusal.js';
import { rejection } from '../../fixture/rejection.js';
import type { SuiteTransaction } from '../../fixture/schema/suite-database.js';

const USES: readonly [string, (tx: SuiteTransaction) => Promise<unknown>][] = [
  ['get', (tx) => tx.repository('account', { key: 'name' }).get('a')],
  ['stream', (tx) => collect(tx.repository('account', { key: 'name' }).stream())],
  ['insert', (tx) => tx.repository('account', { key: 'name' }).insert({ name: 'late', balance: 1 })],
  [
    'insertMany',
    (tx) => tx.repository('account', { key: 'name' }).insertMany([{ name: 'late', balance: 1 }]),
  ],
  ['deleteMany', (tx) => tx.repository('account', { key: 'name' }).deleteMany({ where: {} })],
  ['a plain select', (tx) => tx.kysely.selectFrom('account').selectAll().execute()],
  ['a plain insert', (tx) => tx.kysely.insertInto('account').values({ name: 'late', balance: 1 }).execute()],
  ['savepoint', (tx) => tx.savepoint(async () => {})],
  ['afterCommit', async (tx) => tx.afterCommit(() => {})],
];

/** A transaction handle is valid until the promise of its callback settles. */
export function endedHandleCases(fixture: Fixture): void {
  describe('ended handles', () => {
    for (const [what, use] of USES) {
      test(`C3 ${what} on a handle after its transaction is refused, committed, undone or read`, async () => {
        const { storage } = fixture;
        const handles: SuiteTransaction[] = [];
        await storage.write(async (tx) => handles.push(tx));
        await storage.read(async (tx) => handles.push(tx));
        const work = storage.write(async (tx) => {
          handles.push(tx);
          throw new Error('undone');
        });
        await rejection(work);
        for (const handle of handles) await expectRefusal(use(handle), 'transaction_ended');
        expect(await storage.repository('account', { key: 'name' }).count()).toBe(0);
      });
    }

    test('C3 a repository and a query builder taken from a handle end with it', async () => {
      const { storage } = fixture;
      const { accounts, query } = await storage.write(async (tx) => ({
        accounts: tx.repository('account', { key: 'name' }),
        query: tx.kysely.selectFrom('account').selectAll(),
      }));
      await expectRefusal(accounts.insert({ name: 'late', balance: 1 }), 'transaction_ended');
      await expectRefusal(query.execute(), 'transaction_ended');
    });
  });
}
