import type { Repository } from '@sluice/core';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Fixture } from '../../fixture/fixture.js';
import { expectRefusal } from '../../fixture/refusal.js';
import type { SuiteDatabase, SuiteTransaction } from '../../fixture/schema/suite-database.js';

type Accounts = Repository<SuiteDatabase, 'account', 'name'>;

const WRITES: readonly (readonly [string, (rich: Accounts) => Promise<unknown>])[] = [
  ['insert', (rich) => rich.insert({ name: 'c', balance: 300 })],
  ['insertMany', (rich) => rich.insertMany([{ name: 'c', balance: 300 }])],
  ['insertMany of many rows', (rich) => rich.insertMany(manyRows())],
  ['load', (rich) => rich.load(manyRows())],
  ['upsert', (rich) => rich.upsert({ name: 'b', balance: 300 })],
  ['update', (rich) => rich.update('b', { balance: 300 })],
  ['updateMany', (rich) => rich.updateMany({ where: {} }, { balance: 300 })],
  ['delete', (rich) => rich.delete('b')],
  ['deleteMany', (rich) => rich.deleteMany({ where: {} })],
];

/** A repository of a view reads, whatever the engine could write through it. */
export function viewCases(fixture: Fixture): void {
  describe('views', () => {
    const stored = [
      { name: 'a', balance: 100 },
      { name: 'b', balance: 200 },
    ];
    beforeEach(async () => {
      const { kysely } = fixture.storage;
      await fixture.storage.repository('account', { key: 'name' }).insertMany(stored);
      const rich = kysely.selectFrom('account').selectAll().where('balance', '>', 150);
      await kysely.schema.createView('rich_account').as(rich).execute();
    });
    afterEach(() => fixture.storage.kysely.schema.dropView('rich_account').execute());

    const viewIn = (tx: Pick<SuiteTransaction, 'repository'>): Accounts =>
      tx.repository('rich_account' as 'account', { key: 'name' });

    test('C11 a repository of a view reads its rows', async () => {
      const rich = viewIn(fixture.storage);
      expect(await rich.get('b')).toStrictEqual(stored[1]);
      expect(await rich.find()).toStrictEqual([stored[1]]);
      expect(await rich.count({ where: { balance: { lt: 150 } } })).toBe(0);
    });

    test.each(WRITES)('C11 a repository of a view refuses %s, and nothing is written', async (_, write) => {
      const { storage } = fixture;
      const error = await expectRefusal(write(viewIn(storage)), 'invalid_query');
      expect(error.message).toContain('rich_account');
      expect(error.cause).toBeUndefined();
      const accounts = storage.repository('account', { key: 'name' });
      expect(await accounts.find({ orderBy: { name: 'asc' } })).toStrictEqual(stored);
    });

    test('C11 the refusal of a write to a view leaves the transaction whole', async () => {
      const { storage } = fixture;
      await storage.write(async (tx) => {
        for (const [what, write] of WRITES)
          if (what !== 'load') await expectRefusal(write(viewIn(tx)), 'invalid_query');
        await tx.repository('account', { key: 'name' }).update('a', { balance: 101 });
      });
      expect(await storage.repository('account', { key: 'name' }).get('a')).toMatchObject({ balance: 101 });
    });
  });
}

/** More than are encoded at once. */
function manyRows(): { readonly name: string; readonly balance: number }[] {
  return Array.from({ length: 3000 }, (_, n) => ({ name: `n${n}`, balance: 300 }));
}
