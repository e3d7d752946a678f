import { sql } from 'kysely';
import { describe, expect, test } from 'vitest';
import { collect } from '../../fixture/collect.js';
import type { Fixture } from '../../fixture/fixture.js';
import { expectRefusal } from '../../fixture/refusal.js';
import type { SuiteTable } from '../../fixture/schema/suite-database.js';

/** Calls that name tables or columns that do not exist. */
export function usageCases(fixture: Fixture): void {
  describe('usage', () => {
    const unknown = 'no_such_table' as SuiteTable;
    const calls = () => {
      const repository = fixture.storage.repository(unknown as 'account', { key: 'name' });
      return [
        repository.get('a'),
        repository.find(),
        repository.count(),
        collect(repository.stream()),
        repository.insert({ name: 'a', balance: 1 }),
        repository.insertMany([]),
        repository.load([{ name: 'a', balance: 1 }]),
        repository.deleteMany({ where: {} }),
      ];
    };

    test('C11 a repository of an unknown table is refused at every call, naming it', async () => {
      const errors = await Promise.all(calls().map((call) => expectRefusal(call, 'unknown_table')));
      for (const error of errors) expect(error.message).toContain('no_such_table');
    });

    test('C11 a plain query of an unknown table or column is refused, naming it', async () => {
      const { kysely } = fixture.storage;
      const table = await expectRefusal(kysely.selectFrom(unknown).selectAll().execute(), 'unknown_table');
      const column = await expectRefusal(
        kysely
          .selectFrom('account')
          .select('nobody' as 'name')
          .execute(),
        'unknown_column',
      );
      const written = await expectRefusal(
        kysely
          .insertInto('account')
          .values({ name: 'a', balance: 1, nobody: 2 } as never)
          .execute(),
        'unknown_column',
      );
      expect(table.message).toContain('no_such_table');
      for (const { message } of [column, written]) expect(message).toContain('nobody');
    });

    const keys: readonly [string, string | readonly string[], 'invalid_key' | 'unknown_column'][] = [
      ['a column that is not there', 'nobody', 'unknown_column'],
      ['a column that is not unique', 'title', 'invalid_key'],
      ['a part of a unique key', 'shelf', 'invalid_key'],
      ['more than the key', ['id', 'title'], 'invalid_key'],
      ['no column', [], 'invalid_key'],
    ];
    for (const [what, key, code] of keys) {
      test(`C11 a repository whose key is ${what} is refused`, async () => {
        const repository = fixture.storage.repository('book', { key: key as 'id' });
        await expectRefusal(repository.find(), code);
      });
    }

    test('C11 a repository may have any unique key as its own', async () => {
      const { storage } = fixture;
      await storage.repository('author', { key: 'id' }).insert({ id: 1, name: 'A' });
      const byPlace = storage.repository('book', { key: ['shelf', 'slot'] });
      const byIsbn = storage.repository('book', { key: 'isbn' });
      const book = { id: 1, author_id: 1, title: 't', isbn: 'i', shelf: 3, slot: 4 };
      await byPlace.insert(book);
      expect(await byPlace.get({ slot: 4, shelf: 3 })).toStrictEqual(book);
      expect(await byIsbn.get('i')).toStrictEqual(book);
      expect(await byPlace.upsert({ ...book, title: 'new' })).toMatchObject({ title: 'new' });
    });

    test('C11 getOrThrow names the table, not the key', async () => {
      const work = fixture.storage.repository('account', { key: 'name' }).getOrThrow('secret-name');
      const error = await expectRefusal(work, 'not_found');
      expect(error.message).toContain('account');
      expect(error.message).not.toContain('secret-name');
    });

    test('C11 invalid SQL is refused, and the storage goes on', async () => {
      const { kysely } = fixture.storage;
      const query = kysely.selectFrom('account').select('name').modifyEnd(broken());
      await expectRefusal(query.execute(), 'invalid_query');
      expect(await kysely.selectFrom('account').selectAll().execute()).toStrictEqual([]);
    });

    test('C11 a backup is written, or refused as declared', async () => {
      const { storage } = fixture;
      if (storage.capabilities.onlineBackup)
        await expect(storage.backup('/no/such/folder/copy')).rejects.toThrow();
      else await expectRefusal(storage.backup('/no/such/folder/copy'), 'unsupported');
    });
  });
}

function broken() {
  return sql`this is no sql`;
}
