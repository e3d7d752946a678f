import type { Storage } from '@sluice/core';
import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';
import { describe, expect, test } from 'vitest';
import type { Fixture } from '../../fixture/fixture.js';
import { expectRefusal } from '../../fixture/refusal.js';
import { migrationsOf } from '../../fixture/schema/suite-migrations.js';

interface LibraryDatabase {
  author: { id: number; name: string };
  book: { id: number; author_id: number; title: string | null; pages: bigint | number | null };
}

const CREATE: Migration = {
  up: async (db) => {
    await db.schema
      .createTable('author')
      .addColumn('id', 'integer', (column) => column.generatedByDefaultAsIdentity().primaryKey())
      .addColumn('name', 'text', (column) => column.notNull())
      .execute();
    await db.schema
      .createTable('book')
      .addColumn('id', 'integer', (column) => column.primaryKey())
      .addColumn('author_id', 'integer', (column) => column.notNull())
      .addColumn('title', 'text')
      .addColumn('pages', 'integer')
      .addForeignKeyConstraint('book_author', ['author_id'], 'author', ['id'], (key) =>
        key.onDelete('cascade'),
      )
      .addCheckConstraint('book_pages', sql`pages > 0`)
      .execute();
    await db.schema.createIndex('book_by_title').unique().on('book').column('title').execute();
  },
};

type Change = (db: Kysely<unknown>) => Promise<void>;

/** The same calls change a table on every driver, even where the engine must rebuild the table. */
export function alteringCases(fixture: Fixture): void {
  const changed = async (change: Change): Promise<Storage<LibraryDatabase>> => {
    const migrations = migrationsOf({ '001_create': CREATE, '002_change': { up: change } });
    const storage = await fixture.apart<LibraryDatabase>({ migrations });
    await storage.migrator.to('001_create');
    const authors = storage.repository('author', { key: 'id' });
    for (const name of ['A', 'B']) await authors.insert({ name } as never);
    await authors.delete(2);
    const book = { id: 1, author_id: 1, title: 'one', pages: 10 };
    await storage
      .repository('book', { key: 'id' })
      .insertMany([book, { ...book, id: 2, title: 'two', pages: null }]);
    await storage.migrator.up();
    return storage;
  };
  const books = (storage: Storage<LibraryDatabase>) => storage.repository('book', { key: 'id' });
  const NEW = { id: 3, author_id: 1, title: 'three', pages: 5 };

  describe('altering', () => {
    test('C13 a column takes a wider type, and every row its value in it', async () => {
      const storage = await changed((db) =>
        db.schema
          .alterTable('book')
          .alterColumn('pages', (column) => column.setDataType('bigint'))
          .execute(),
      );
      expect((await books(storage).find({ orderBy: { id: 'asc' } })).map(({ pages }) => pages)).toStrictEqual(
        [10n, null],
      );
      await books(storage).insert({ ...NEW, pages: 2n ** 40n });
      expect((await books(storage).getOrThrow(3)).pages).toBe(2n ** 40n);
    });

    test('C13 everything else of the table stays: keys, checks, foreign keys and indexes', async () => {
      const storage = await changed((db) =>
        db.schema
          .alterTable('book')
          .alterColumn('pages', (column) => column.setDataType('bigint'))
          .execute(),
      );
      await expectRefusal(books(storage).insert({ ...NEW, pages: 0n }), 'check_violation');
      await expectRefusal(books(storage).insert({ ...NEW, author_id: 9 }), 'foreign_key_violation');
      await expectRefusal(books(storage).insert({ ...NEW, title: 'one' }), 'unique_violation');
      await expectRefusal(books(storage).insert({ ...NEW, id: 1 }), 'unique_violation');
      expect(await storage.repository('author', { key: 'id' }).delete(1)).toBe(true);
      expect(await books(storage).count()).toBe(0);
    });

    test('C13 a parent that is altered keeps the rows of its children, and its next number', async () => {
      const storage = await changed((db) =>
        db.schema
          .alterTable('author')
          .alterColumn('name', (column) => column.dropNotNull())
          .execute(),
      );
      expect(await books(storage).count()).toBe(2);
      const { id } = await storage.repository('author', { key: 'id' }).insert({ name: 'C' } as never);
      expect(id).toBe(3);
      await expectRefusal(books(storage).insert({ ...NEW, author_id: 9 }), 'foreign_key_violation');
    });

    test('C13 NOT NULL is set and dropped', async () => {
      const dropped = await changed((db) =>
        db.schema
          .alterTable('book')
          .alterColumn('author_id', (column) => column.dropNotNull())
          .execute(),
      );
      await books(dropped).insert({ ...NEW, author_id: null as never });
      const set = changed((db) =>
        db.schema
          .alterTable('book')
          .alterColumn('pages', (column) => column.setNotNull())
          .execute(),
      );
      await expectRefusal(set, 'migration_failed');
    });

    test('C13 a default is set and dropped', async () => {
      const set = await changed((db) =>
        db.schema
          .alterTable('book')
          .alterColumn('title', (column) => column.setDefault("it's"))
          .execute(),
      );
      const { title: _, ...untitled } = NEW;
      expect((await books(set).insert(untitled as never)).title).toBe("it's");
      const dropped = await changed(async (db) => {
        await db.schema
          .alterTable('book')
          .alterColumn('title', (column) => column.setDefault('x'))
          .execute();
        await db.schema
          .alterTable('book')
          .alterColumn('title', (column) => column.dropDefault())
          .execute();
      });
      expect((await books(dropped).insert(untitled as never)).title).toBe(null);
    });

    test('C13 constraints are added and dropped by name', async () => {
      const storage = await changed(async (db) => {
        await db.schema.alterTable('book').dropConstraint('book_pages').execute();
        await db.schema.alterTable('book').addUniqueConstraint('book_once', ['author_id', 'pages']).execute();
        await db.schema
          .alterTable('book')
          .addCheckConstraint('book_titled', sql`length(title) > 1`)
          .execute();
      });
      await books(storage).insert({ ...NEW, pages: 0 });
      const twice = await expectRefusal(
        books(storage).insert({ ...NEW, id: 4, title: 'four', pages: 0 }),
        'unique_violation',
      );
      expect(twice).toMatchObject({ constraint: 'book_once', columns: ['author_id', 'pages'] });
      await expectRefusal(books(storage).insert({ ...NEW, id: 4, title: 'x', pages: 1 }), 'check_violation');
    });

    test('C13 a constraint that the rows do not keep is not added, and nothing has changed', async () => {
      const failing = changed((db) =>
        db.schema.alterTable('book').addCheckConstraint('book_long', sql`pages > 100`).execute(),
      );
      await expectRefusal(failing, 'migration_failed');
    });

    test('C13 columns are added, renamed and dropped', async () => {
      const storage = await changed(async (db) => {
        await db.schema.alterTable('book').addColumn('note', 'text').execute();
        await db.schema.alterTable('book').renameColumn('title', 'name').execute();
        await db.schema.alterTable('book').dropColumn('note').execute();
      });
      expect(await books(storage).getOrThrow(1)).toStrictEqual({
        id: 1,
        author_id: 1,
        name: 'one',
        pages: 10,
      });
    });

    test('C13 an error names a table or a column that does not exist', async () => {
      const column = changed((db) =>
        db.schema
          .alterTable('book')
          .alterColumn('colour', (each) => each.dropNotNull())
          .execute(),
      );
      expect((await expectRefusal(column, 'migration_failed')).cause).toMatchObject({
        code: 'unknown_column',
      });
      const table = changed((db) => db.schema.alterTable('brook').dropConstraint('x').execute());
      expect((await expectRefusal(table, 'migration_failed')).cause).toMatchObject({ code: 'unknown_table' });
    });
  });
}
