import type { ScopeOf } from '@sluice/core';
import { describe, expect, test } from 'vitest';
import type { Fixture } from '../../fixture/fixture.js';
import { expectRefusal } from '../../fixture/refusal.js';

/** `repository.in(tx)` is the same repository in a transaction. */
export function boundRepositoryCases(fixture: Fixture): void {
  describe('bound repositories', () => {
    test('C3 a repository bound to a transaction is part of it', async () => {
      const { storage } = fixture;
      const countries = storage.repository('country', { key: ['region', 'code'] });
      const key = { region: 'eu', code: 'at' };
      const failure = new Error('of the application');
      await expect(
        storage.write(async (tx) => {
          await countries.in(tx).insert({ ...key, name: 'Austria' });
          expect(await countries.in(tx).has(key)).toBe(true);
          throw failure;
        }),
      ).rejects.toBe(failure);
      expect(await countries.has(key)).toBe(false);
    });

    test('C3 a repository bound to a savepoint is undone with it', async () => {
      const { storage } = fixture;
      const accounts = storage.repository('account', { key: 'name' });
      await storage.write(async (tx) => {
        await accounts.in(tx).insert({ name: 'a', balance: 1 });
        const undone = tx.savepoint(async (inner) => {
          await accounts.in(inner).insert({ name: 'b', balance: 1 });
          throw new Error('of the application');
        });
        await expect(undone).rejects.toThrow('of the application');
      });
      expect(await accounts.find()).toStrictEqual([{ name: 'a', balance: 1 }]);
    });

    test('C3 a bound repository ends with its transaction, and can be bound to the storage again', async () => {
      const { storage } = fixture;
      const accounts = storage.repository('account', { key: 'name' });
      const bound = await storage.read(async (tx) => accounts.in(tx));
      await expectRefusal(bound.get('a'), 'transaction_ended');
      expect(await bound.in(storage).get('a')).toBeUndefined();
    });

    test('C3 the repository itself is refused inside the transaction', async () => {
      const accounts = fixture.storage.repository('account', { key: 'name' });
      await fixture.storage.write(async (tx) => {
        await expectRefusal(accounts.get('a'), 'outer_handle');
        expect(await accounts.in(tx).get('a')).toBeUndefined();
      });
    });

    test('C3 a repository is not bound to another storage, nor to anything else', async () => {
      const another = await fixture.another();
      const accounts = fixture.storage.repository('account', { key: 'name' });
      await another.write(async (tx) => {
        await expectRefusal(
          (async () => accounts.in(tx).insert({ name: 'a', balance: 1 }))(),
          'invalid_query',
        );
      });
      for (const scope of [undefined, null, 'tx', {}, fixture.storage.kysely])
        await expectRefusal(
          (async () => accounts.in(scope as unknown as ScopeOf<'account', 'name'>))(),
          'invalid_query',
        );
      expect(await accounts.count()).toBe(0);
    });
  });
}
