import type { RefusalCode } from '../../fixture/refusal.js';
import type { SuiteTransaction } from '../../fixture/schema/suite-database.js';

/** A way to violate a constraint of the suite's library tables, and the details that the error must report. */
export interface Violation {
  readonly what: string;
  readonly code: Extract<RefusalCode, `${string}_violation`>;
  readonly table: string;
  readonly columns: readonly string[];
  /**
   * The constraint's name, which is PostgreSQL's name if the schema gives none. Absent if constraints of this kind have no name on some
   * engine.
   */
  readonly constraint?: string;
  /** Violates the constraint in a library as {@link storeLibrary} stores it. */
  readonly attempt: (tx: Pick<SuiteTransaction, 'kysely' | 'repository'>) => Promise<unknown>;
}

const BOOK = { id: 1, author_id: 1, title: 'One', isbn: 'i1', shelf: 1, slot: 1 };

/** Stores an author with a book and a chapter, a country with a city, and a rule. */
export async function storeLibrary(db: Pick<SuiteTransaction, 'repository'>): Promise<void> {
  await db.repository('author', { key: 'id' }).insert({ id: 1, name: 'A' });
  await db.repository('book', { key: 'id' }).insert(BOOK);
  await db.repository('chapter', { key: 'id' }).insert({ id: 1, book_id: 1, title: 'c' });
  await db.repository('country', { key: ['region', 'code'] }).insert({ region: 'eu', code: 'de', name: 'D' });
  await db.repository('city', { key: 'id' }).insert({ id: 1, region: 'eu', code: 'de', name: 'B' });
  await db.repository('rule', { key: 'id' }).insert({ id: 1, low: 1, high: 2, name: 'r' });
  await db.repository('placement', { key: ['shelf', 'slot'] }).insert({ shelf: 1, slot: 1, label: 'p' });
}

const unique = 'unique_violation';
const foreign = 'foreign_key_violation';
const check = 'check_violation';
const missing = 'not_null_violation';

/** One violation of each kind of constraint: of one column and of several, with and without a name, by every kind of statement. */
export const VIOLATIONS: readonly Violation[] = [
  {
    what: 'a primary key, by insert',
    code: unique,
    table: 'author',
    columns: ['id'],
    constraint: 'author_pkey',
    attempt: (db) => db.repository('author', { key: 'id' }).insert({ id: 1, name: 'B' }),
  },
  {
    what: 'a primary key of text, by a plain insert',
    code: unique,
    table: 'account',
    columns: ['name'],
    constraint: 'account_pkey',
    attempt: ({ kysely }) =>
      kysely
        .insertInto('account')
        .values([
          { name: 'a', balance: 1 },
          { name: 'a', balance: 2 },
        ])
        .execute(),
  },
  {
    what: 'a primary key of several columns',
    code: unique,
    table: 'placement',
    columns: ['shelf', 'slot'],
    constraint: 'placement_key',
    attempt: (db) =>
      db.repository('placement', { key: ['shelf', 'slot'] }).insert({ shelf: 1, slot: 1, label: 'q' }),
  },
  {
    what: 'a unique column',
    code: unique,
    table: 'book',
    columns: ['isbn'],
    constraint: 'book_isbn_key',
    attempt: (db) => db.repository('book', { key: 'id' }).insert({ ...BOOK, id: 2, slot: 2 }),
  },
  {
    what: 'a named unique key of several columns, by insert',
    code: unique,
    table: 'book',
    columns: ['shelf', 'slot'],
    constraint: 'book_place',
    attempt: (db) => db.repository('book', { key: 'id' }).insert({ ...BOOK, id: 2, isbn: 'i2' }),
  },
  {
    what: 'a named unique key of several columns, by update',
    code: unique,
    table: 'book',
    columns: ['shelf', 'slot'],
    constraint: 'book_place',
    attempt: async (db) => {
      await db.repository('book', { key: 'id' }).insert({ ...BOOK, id: 2, isbn: 'i2', slot: 2 });
      await db.repository('book', { key: 'id' }).update(2, { slot: 1 });
    },
  },
  {
    what: 'another unique key than the one of the upsert',
    code: unique,
    table: 'book',
    columns: ['shelf', 'slot'],
    constraint: 'book_place',
    attempt: (db) => db.repository('book', { key: 'id' }).upsert({ ...BOOK, id: 2, isbn: 'i2' }),
  },
  {
    what: 'a foreign key, by insert of a child',
    code: foreign,
    table: 'book',
    columns: ['author_id'],
    constraint: 'book_author',
    attempt: (db) =>
      db.repository('book', { key: 'id' }).insert({ ...BOOK, id: 2, author_id: 9, isbn: 'i2', slot: 2 }),
  },
  {
    what: 'a foreign key, by update of a child',
    code: foreign,
    table: 'chapter',
    columns: ['book_id'],
    constraint: 'chapter_book',
    attempt: (db) => db.repository('chapter', { key: 'id' }).update(1, { book_id: 9 }),
  },
  {
    what: 'a foreign key, by removal of the parent',
    code: foreign,
    table: 'book',
    columns: ['author_id'],
    constraint: 'book_author',
    attempt: (db) => db.repository('author', { key: 'id' }).delete(1),
  },
  {
    what: 'a foreign key, by change of the parent’s key',
    code: foreign,
    table: 'book',
    columns: ['author_id'],
    constraint: 'book_author',
    attempt: ({ kysely }) => kysely.updateTable('author').set({ id: 5 }).execute(),
  },
  {
    what: 'a foreign key of several columns, by insert',
    code: foreign,
    table: 'city',
    columns: ['region', 'code'],
    constraint: 'city_country',
    attempt: (db) =>
      db.repository('city', { key: 'id' }).insert({ id: 2, region: 'eu', code: 'fr', name: 'P' }),
  },
  {
    what: 'a foreign key of several columns, by removal of the parent',
    code: foreign,
    table: 'city',
    columns: ['region', 'code'],
    constraint: 'city_country',
    attempt: (db) =>
      db.repository('country', { key: ['region', 'code'] }).delete({ region: 'eu', code: 'de' }),
  },
  {
    what: 'NOT NULL, by insert of null',
    code: missing,
    table: 'author',
    columns: ['name'],
    attempt: (db) => db.repository('author', { key: 'id' }).insert({ id: 2, name: null as never }),
  },
  {
    what: 'NOT NULL, by insert without the column',
    code: missing,
    table: 'author',
    columns: ['name'],
    attempt: (db) => db.repository('author', { key: 'id' }).insert({ id: 2 } as never),
  },
  {
    what: 'NOT NULL, by update',
    code: missing,
    table: 'rule',
    columns: ['low'],
    attempt: ({ kysely }) =>
      kysely
        .updateTable('rule')
        .set({ low: null as never })
        .execute(),
  },
  {
    what: 'NOT NULL of a key column',
    code: missing,
    table: 'account',
    columns: ['name'],
    attempt: ({ kysely }) =>
      kysely
        .insertInto('account')
        .values({ name: null as never, balance: 1 })
        .execute(),
  },
  {
    what: 'a named check over several columns, by insert',
    code: check,
    table: 'rule',
    columns: ['low', 'high'],
    constraint: 'rule_span',
    attempt: (db) => db.repository('rule', { key: 'id' }).insert({ id: 2, low: 5, high: 1, name: 'x' }),
  },
  {
    what: 'a named check, by update',
    code: check,
    table: 'rule',
    columns: ['name'],
    constraint: 'rule_named',
    attempt: (db) => db.repository('rule', { key: 'id' }).updateMany({ where: {} }, { name: '' }),
  },
];
