import { type Kysely, sql } from 'kysely';
import type { Migration, MigrationProvider } from 'kysely/migration';
import { SPECIMEN_COLUMNS, SPECIMEN_TYPES } from './specimen.js';

type Schema = Kysely<unknown>;

/** Migrations handed over as an object, in the order of their names. */
export function migrationsOf(migrations: Record<string, Migration>): MigrationProvider {
  return { getMigrations: async () => migrations };
}

/** The suite's tables, written once for every driver. */
export const suiteMigrations: MigrationProvider = migrationsOf({
  '01_library': { up: createLibrary },
  '02_plain_tables': { up: createPlainTables },
  '03_specimens': { up: createSpecimens },
  '04_log': { up: createLog },
});

async function createLibrary(db: Schema): Promise<void> {
  await db.schema
    .createTable('author')
    .addColumn('id', 'integer', (column) => column.primaryKey())
    .addColumn('name', 'text', (column) => column.notNull())
    .execute();
  await db.schema
    .createTable('book')
    .addColumn('id', 'integer', (column) => column.primaryKey())
    .addColumn('author_id', 'integer', (column) => column.notNull())
    .addColumn('title', 'text', (column) => column.notNull())
    .addColumn('isbn', 'text', (column) => column.unique())
    .addColumn('shelf', 'integer', (column) => column.notNull())
    .addColumn('slot', 'integer', (column) => column.notNull())
    .addUniqueConstraint('book_place', ['shelf', 'slot'])
    .addForeignKeyConstraint('book_author', ['author_id'], 'author', ['id'])
    .execute();
  await db.schema
    .createTable('chapter')
    .addColumn('id', 'integer', (column) => column.primaryKey())
    .addColumn('book_id', 'integer', (column) => column.notNull())
    .addColumn('title', 'text', (column) => column.notNull())
    .addForeignKeyConstraint('chapter_book', ['book_id'], 'book', ['id'], (key) => key.onDelete('cascade'))
    .execute();
  await db.schema
    .createTable('deferred_link')
    .addColumn('id', 'integer', (column) => column.primaryKey())
    .addColumn('book_id', 'integer', (column) => column.notNull())
    .addForeignKeyConstraint('link_book', ['book_id'], 'book', ['id'], (key) =>
      key.deferrable().initiallyDeferred(),
    )
    .execute();
  await db.schema
    .createTable('country')
    .addColumn('region', 'text', (column) => column.notNull())
    .addColumn('code', 'varchar(2)', (column) => column.notNull())
    .addColumn('name', 'text', (column) => column.notNull())
    .addPrimaryKeyConstraint('country_key', ['region', 'code'])
    .execute();
  await db.schema
    .createTable('city')
    .addColumn('id', 'integer', (column) => column.primaryKey())
    .addColumn('region', 'text', (column) => column.notNull())
    .addColumn('code', 'varchar(2)', (column) => column.notNull())
    .addColumn('name', 'text', (column) => column.notNull())
    .addForeignKeyConstraint('city_country', ['region', 'code'], 'country', ['region', 'code'])
    .execute();
}

async function createPlainTables(db: Schema): Promise<void> {
  await db.schema
    .createTable('account')
    .addColumn('name', 'text', (column) => column.primaryKey())
    .addColumn('balance', 'integer', (column) => column.notNull())
    .execute();
  await db.schema
    .createTable('note')
    .addColumn('id', 'integer', (column) => column.primaryKey())
    .addColumn('body', 'text')
    .addColumn('rank', 'integer')
    .addColumn('pinned', 'boolean')
    .execute();
  await db.schema
    .createTable('placement')
    .addColumn('shelf', 'integer', (column) => column.notNull())
    .addColumn('slot', 'integer', (column) => column.notNull())
    .addColumn('label', 'text', (column) => column.notNull())
    .addPrimaryKeyConstraint('placement_key', ['shelf', 'slot'])
    .execute();
  await db.schema
    .createTable('rule')
    .addColumn('id', 'integer', (column) => column.primaryKey())
    .addColumn('low', 'integer', (column) => column.notNull())
    .addColumn('high', 'integer', (column) => column.notNull())
    .addColumn('name', 'text', (column) => column.notNull())
    .addCheckConstraint('rule_span', sql`low <= high`)
    .addCheckConstraint('rule_named', sql`name <> ''`)
    .execute();
  await db.schema
    .createTable('stay')
    .addColumn('id', 'integer', (column) => column.primaryKey())
    .addColumn('guest_name', 'text', (column) => column.notNull())
    .addColumn('checked_in_at', 'timestamptz')
    .addColumn('room2_key', 'text')
    .execute();
}

async function createSpecimens(db: Schema): Promise<void> {
  let nullable = db.schema
    .createTable('specimen')
    .addColumn('id', 'integer', (column) => column.primaryKey());
  let full = db.schema
    .createTable('full_specimen')
    .addColumn('id', 'integer', (column) => column.primaryKey());
  for (const column of SPECIMEN_COLUMNS) {
    nullable = nullable.addColumn(column, SPECIMEN_TYPES[column]);
    full = full.addColumn(column, SPECIMEN_TYPES[column], (built) => built.notNull());
  }
  await nullable.execute();
  await full.execute();
}

async function createLog(db: Schema): Promise<void> {
  await db.schema
    .createTable('event_log')
    .addColumn('id', 'integer', (column) => column.generatedByDefaultAsIdentity().primaryKey())
    .addColumn('message', 'text', (column) => column.notNull())
    .addColumn('created_at', 'timestamptz', (column) => column.notNull().defaultTo(sql`now()`))
    .addColumn('level', 'text', (column) => column.notNull().defaultTo('info'))
    .execute();
}
