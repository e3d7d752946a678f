import { describe, expect, test } from 'vitest';
import type { Fixture } from '../../fixture/fixture.js';
import { expectRefusal } from '../../fixture/refusal.js';
import type { SuiteTransaction } from '../../fixture/schema/suite-database.js';

/** A failed statement breaks its transaction, even if the callback catches the error. */
export function brokenCases(fixture: Fixture): void {
  const failures: readonly [string, (tx: SuiteTransaction) => Promise<unknown>][] = [
    ['insert', (tx) => tx.repository('account', { key: 'name' }).insert({ name: 'a', balance: 2 })],
    ['insertMany', (tx) => tx.repository('account', { key: 'name' }).insertMany([{ name: 'a', balance: 2 }])],
    [
      'insertMany of several statements',
      (tx) => {
        const rows = [
          { message: 'x' },
          { message: 'y', level: 'z' },
          { id: 1, message: 'z' },
          { id: 1, message: 'z' },
        ];
        return tx.repository('event_log', { key: 'id' }).insertMany(rows);
      },
    ],
    ['a plain insert', (tx) => tx.kysely.insertInto('account').values({ name: 'a', balance: 2 }).execute()],
    [
      'a plain query of an unknown table',
      (tx) =>
        tx.kysely
          .selectFrom('no_such_table' as 'note')
          .selectAll()
          .execute(),
    ],
    [
      'a stream',
      async (tx) => {
        for await (const _ of tx.kysely
          .selectFrom('no_such_table' as 'note')
          .selectAll()
          .stream())
          break;
      },
    ],
  ];

  describe('broken transactions', () => {
    for (const [what, fail] of failures) {
      test(`C3 a callback that swallows the error of ${what} cannot commit`, async () => {
        const { storage } = fixture;
        const accounts = storage.repository('account', { key: 'name' });
        await accounts.insert({ name: 'a', balance: 1 });
        let swallowed: unknown;
        const work = storage.write(async (tx) => {
          await tx.repository('account', { key: 'name' }).insert({ name: 'b', balance: 1 });
          await fail(tx).catch((error: unknown) => {
            swallowed = error;
          });
        });
        const error = await expectRefusal(work, 'transaction_broken');
        expect(swallowed).toBeDefined();
        expect(error.cause).toBe(swallowed);
        expect(await accounts.find()).toStrictEqual([{ name: 'a', balance: 1 }]);
        expect(await storage.repository('event_log', { key: 'id' }).count()).toBe(0);
      });
    }

    test('C3 after a statement has failed every further one is refused', async () => {
      const { storage } = fixture;
      await storage.repository('account', { key: 'name' }).insert({ name: 'a', balance: 1 });
      const codes: unknown[] = [];
      const work = storage.write(async (tx) => {
        const accounts = tx.repository('account', { key: 'name' });
        const note = (error: unknown): void => {
          codes.push((error as { code?: unknown }).code);
        };
        await accounts.insert({ name: 'a', balance: 2 }).catch(note);
        await accounts.get('a').catch(note);
        await tx.kysely.selectFrom('account').selectAll().execute().catch(note);
        await tx.savepoint(async () => {}).catch(note);
      });
      await expectRefusal(work, 'transaction_broken');
      expect(codes).toStrictEqual(['unique_violation', ...Array(3).fill('transaction_broken')]);
    });

    test('C3 one of several statements given at once fails: all is undone', async () => {
      const { storage } = fixture;
      const work = storage.write(async (tx) => {
        const accounts = tx.repository('account', { key: 'name' });
        await Promise.all(['a', 'b', 'a', 'c'].map((name) => accounts.insert({ name, balance: 1 })));
      });
      await expectRefusal(work, 'unique_violation');
      expect(await storage.repository('account', { key: 'name' }).count()).toBe(0);
    });

    test('C3 a refusal before anything was executed does not break the transaction', async () => {
      const { storage } = fixture;
      await storage.write(async (tx) => {
        const accounts = tx.repository('account', { key: 'name' });
        await expectRefusal(accounts.insert({ name: 'a', balance: 1.5 }), 'invalid_value');
        await expectRefusal(accounts.find({ where: { nobody: 1 } as never }), 'unknown_column');
        await accounts.insert({ name: 'a', balance: 1 });
      });
      expect(await storage.repository('account', { key: 'name' }).count()).toBe(1);
    });

    test('C3 the storage is whole after a hundred broken transactions', async () => {
      const { storage } = fixture;
      const accounts = storage.repository('account', { key: 'name' });
      await accounts.insert({ name: 'a', balance: 1 });
      for (let round = 0; round < 100; round += 1) {
        const work = storage.write((tx) =>
          tx.repository('account', { key: 'name' }).insert({ name: 'a', balance: 2 }),
        );
        await expectRefusal(work, 'unique_violation');
      }
      expect(await accounts.update('a', { balance: 3 })).toStrictEqual({ name: 'a', balance: 3 });
    });
  });
}
