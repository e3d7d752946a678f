import type { Capabilities } from '@sluice/core';
import { describe, expect, test } from 'vitest';
import type { Fixture } from '../../fixture/fixture.js';
import { expectRefusal } from '../../fixture/refusal.js';

/** Kysely's controlled transactions, which the caller commits and rolls back itself. */
export function controlledCases(fixture: Fixture, { concurrentReaders }: Capabilities): void {
  const names = async (): Promise<string[]> => {
    const rows = await fixture.storage
      .repository('account', { key: 'name' })
      .find({ orderBy: { name: 'asc' } });
    return rows.map(({ name }) => name);
  };

  describe('controlled transactions', () => {
    test('C3 a controlled transaction commits', async () => {
      const trx = await fixture.storage.kysely.startTransaction().execute();
      await trx.insertInto('account').values({ name: 'a', balance: 1 }).execute();
      expect(await trx.selectFrom('account').select('name').execute()).toStrictEqual([{ name: 'a' }]);
      await trx.commit().execute();
      expect(await names()).toStrictEqual(['a']);
    });

    test('C3 a controlled transaction is undone by rollback', async () => {
      const trx = await fixture.storage.kysely.startTransaction().execute();
      await trx.insertInto('account').values({ name: 'a', balance: 1 }).execute();
      await trx.rollback().execute();
      expect(await names()).toStrictEqual([]);
      await fixture.storage.repository('account', { key: 'name' }).insert({ name: 'b', balance: 1 });
    });

    test('C3 savepoints of a controlled transaction are undone and released by name', async () => {
      const trx = await fixture.storage.kysely.startTransaction().execute();
      await trx.insertInto('account').values({ name: 'a', balance: 1 }).execute();
      const first = await trx.savepoint('first').execute();
      await first.insertInto('account').values({ name: 'b', balance: 1 }).execute();
      const second = await first.savepoint('second "quoted"').execute();
      await second.insertInto('account').values({ name: 'c', balance: 1 }).execute();
      await second.rollbackToSavepoint('second "quoted"').execute();
      await second.insertInto('account').values({ name: 'd', balance: 1 }).execute();
      await second.releaseSavepoint('first').execute();
      await trx.commit().execute();
      expect(await names()).toStrictEqual(['a', 'b', 'd']);
    });

    test('C3 a rollback to a savepoint recovers a transaction in which a later statement failed', async () => {
      const trx = await fixture.storage.kysely.startTransaction().execute();
      await trx.insertInto('account').values({ name: 'a', balance: 1 }).execute();
      const level = await trx.savepoint('before').execute();
      await expectRefusal(
        level.insertInto('account').values({ name: 'a', balance: 1 }).execute(),
        'unique_violation',
      );
      await level.rollbackToSavepoint('before').execute();
      await trx.insertInto('account').values({ name: 'b', balance: 1 }).execute();
      await trx.commit().execute();
      expect(await names()).toStrictEqual(['a', 'b']);
    });

    test('C3 a controlled transaction in which a statement failed cannot commit, and frees what it held', async () => {
      const trx = await fixture.storage.kysely.startTransaction().execute();
      await trx.insertInto('account').values({ name: 'a', balance: 1 }).execute();
      await expectRefusal(
        trx.insertInto('account').values({ name: 'a', balance: 1 }).execute(),
        'unique_violation',
      );
      await expectRefusal(trx.commit().execute(), 'transaction_broken');
      if (!trx.isRolledBack) await trx.rollback().execute();
      expect(await names()).toStrictEqual([]);
      await fixture.storage.repository('account', { key: 'name' }).insert({ name: 'b', balance: 1 });
    });

    const outside = concurrentReaders ? 'does not wait' : 'waits, as declared,';
    test(`C3 a plain read outside ${outside} for a controlled transaction`, async () => {
      const trx = await fixture.storage.kysely.startTransaction().execute();
      await trx.insertInto('account').values({ name: 'a', balance: 1 }).execute();
      const reading = names();
      if (concurrentReaders) await reading;
      await trx.commit().execute();
      expect(await reading).toStrictEqual(concurrentReaders ? [] : ['a']);
      expect(await names()).toStrictEqual(['a']);
    });
  });
}
