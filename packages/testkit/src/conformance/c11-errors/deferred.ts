import { SluiceError } from '@sluice/core';
import { beforeEach, describe, expect, test } from 'vitest';
import type { Fixture } from '../../fixture/fixture.js';
import { expectRefusal } from '../../fixture/refusal.js';
import { storeLibrary } from './violations.js';

/** A deferred foreign key is checked at COMMIT. Its violation reports the same details as any other. */
export function deferredCases(fixture: Fixture): void {
  const told = { table: 'deferred_link', columns: ['book_id'], constraint: 'link_book' };

  describe('deferred constraints', () => {
    beforeEach(() => fixture.storage.write(storeLibrary));

    test('C11 a deferred foreign key may be broken while the transaction lasts', async () => {
      await fixture.storage.write(async (tx) => {
        await tx.repository('deferred_link', { key: 'id' }).insert({ id: 1, book_id: 2 });
        const book = { id: 2, author_id: 1, title: 'Two', isbn: null, shelf: 1, slot: 2 };
        await tx.repository('book', { key: 'id' }).insert(book);
      });
      expect(await fixture.storage.repository('deferred_link', { key: 'id' }).count()).toBe(1);
    });

    test('C11 a deferred foreign key that is violated at COMMIT reports table, columns and constraint', async () => {
      const work = fixture.storage.write((tx) =>
        tx.repository('deferred_link', { key: 'id' }).insert({ id: 1, book_id: 404 }),
      );
      const error = await expectRefusal(work, 'foreign_key_violation');
      expect(error).toMatchObject(told);
      expect(error.cause).toBeInstanceOf(Error);
      expect(error.cause).not.toBeInstanceOf(SluiceError);
      expect(await fixture.storage.repository('deferred_link', { key: 'id' }).count()).toBe(0);
    });

    test('C11 a single statement that breaks a deferred foreign key is refused alike', async () => {
      const links = fixture.storage.repository('deferred_link', { key: 'id' });
      const error = await expectRefusal(links.insert({ id: 1, book_id: 404 }), 'foreign_key_violation');
      expect(error).toMatchObject(told);
      expect(await links.count()).toBe(0);
    });

    test('C11 removing the parent of a deferred foreign key is refused at COMMIT', async () => {
      const { storage } = fixture;
      await storage.repository('deferred_link', { key: 'id' }).insert({ id: 1, book_id: 1 });
      const work = storage.write((tx) => tx.repository('book', { key: 'id' }).delete(1));
      expect(await expectRefusal(work, 'foreign_key_violation')).toMatchObject(told);
      expect(await storage.repository('book', { key: 'id' }).has(1)).toBe(true);
    });

    test('C11 a COMMIT that a deferred foreign key refuses is not replayed, and afterCommit does not run', async () => {
      let runs = 0;
      let told = 0;
      const work = fixture.storage.write(async (tx) => {
        runs += 1;
        tx.afterCommit(() => {
          told += 1;
        });
        await tx.repository('deferred_link', { key: 'id' }).insert({ id: 1, book_id: 404 });
      });
      await expectRefusal(work, 'foreign_key_violation');
      expect([runs, told]).toStrictEqual([1, 0]);
    });

    test('C11 kysely.transaction() that breaks a deferred foreign key at COMMIT rejects and leaves nothing', async () => {
      const { storage } = fixture;
      const work = storage.kysely
        .transaction()
        .execute((trx) => trx.insertInto('deferred_link').values({ id: 1, book_id: 404 }).execute());
      await expectRefusal(work, 'foreign_key_violation');
      await storage.repository('deferred_link', { key: 'id' }).insert({ id: 1, book_id: 1 });
    });
  });
}
