import { join } from 'node:path';
import { type MigrationError, openStorage, type Storage } from '@sluice/core';
import { sqlite } from '@sluice/sqlite-driver';
import { rejection } from '@sluice/testkit/driver-tests';
import { type Kysely, sql } from 'kysely';
import { describe, expect, test } from 'vitest';
import { temporaryFolder } from './opened-database.js';

interface DB {
  thing: Record<string, unknown>;
}

type Change = (db: Kysely<unknown>) => Promise<void>;

/** Runs `create` as plain SQL, then `change` as a migration. */
async function changed(create: readonly string[], change: Change): Promise<Storage<DB>> {
  const migrations = {
    getMigrations: async () => ({
      '001': {
        up: async (db: Kysely<unknown>) => {
          for (const text of create) await sql.raw(text).execute(db);
        },
      },
      '002': { up: change },
    }),
  };
  const url = `sqlite:${join(await temporaryFolder(), 'app.db')}`;
  const storage = await openStorage<DB>({ url, drivers: [sqlite()], migrations });
  await storage.migrator.up();
  return storage;
}

async function schemaOf(storage: Storage<DB>): Promise<Record<string, string>> {
  const { rows } = await sql<{ name: string; sql: string }>`
    select name, sql from sqlite_schema where sql is not null and name not like 'kysely%' and name not like 'sluice%' and name not like 'sqlite%'
  `.execute(storage.kysely);
  return Object.fromEntries(rows.map((row) => [row.name, row.sql]));
}

const dropNotNull: Change = (db) =>
  db.schema
    .alterTable('thing')
    .alterColumn('a', (column) => column.dropNotNull())
    .execute();

describe('a table rebuilt for a change', () => {
  test('keeps every character of its text: comments, odd names, collations, generated columns, options', async () => {
    const create = `create table "thing" (
          a INTEGER NOT NULL DEFAULT (1 + 2), -- a comment, with a comma
          "b ""c"", d" varchar(10) COLLATE NOCASE CONSTRAINT "odd, name" CHECK (length("b ""c"", d") > 0),
          [e] text /* ( */ DEFAULT '(,''x' REFERENCES thing (k) ON DELETE SET NULL ON UPDATE SET DEFAULT NOT NULL,
          k text PRIMARY KEY,
          g text GENERATED ALWAYS AS (upper(e)) STORED,
          UNIQUE (a, [e]), CHECK (a < 100)
        ) WITHOUT ROWID`;
    await using storage = await changed(
      [
        create,
        `insert into thing (a, "b ""c"", d", e, k) values (7, 'x', 'k', 'k')`,
        'create index thing_by_a on thing (a) where a > 3',
      ],
      dropNotNull,
    );
    const { thing, thing_by_a: index } = await schemaOf(storage);
    expect(index).toBe('CREATE INDEX thing_by_a on thing (a) where a > 3');
    expect(thing).toBe(
      create.replace('create table', 'CREATE TABLE').replace('a INTEGER NOT NULL', 'a INTEGER'),
    );
    const { rows } = await sql`select a, e, k, g from thing`.execute(storage.kysely);
    expect(rows).toStrictEqual([{ a: 7, e: 'k', k: 'k', g: 'K' }]);
  });

  test('keeps its triggers, its views and those that name it, which do not act on the copying', async () => {
    await using storage = await changed(
      [
        'create table log (what text)',
        'create table thing (a integer not null)',
        'create table other (a integer)',
        "create trigger logged after insert on thing begin insert into log values ('thing'); end",
        'create trigger passed after insert on other begin insert into thing values (new.a); end',
        'create view things as select a from thing',
        'create view more as select a + 1 as a from things',
        'insert into thing values (1)',
        'delete from log',
      ],
      dropNotNull,
    );
    const { rows: before } = await sql`select * from log`.execute(storage.kysely);
    expect(before).toStrictEqual([]);
    await sql`insert into other values (5)`.execute(storage.kysely);
    const { rows } = await sql`select a, (select count(*) from log) as n from more order by a`.execute(
      storage.kysely,
    );
    expect(rows).toStrictEqual([
      { a: 2, n: 1 },
      { a: 6, n: 1 },
    ]);
  });

  test('keeps the rowid of its rows', async () => {
    await using storage = await changed(
      ['create table thing (a integer not null)', 'insert into thing (rowid, a) values (7, 1), (9, 2)'],
      dropNotNull,
    );
    const { rows } = await sql`select rowid as id, a from thing order by rowid`.execute(storage.kysely);
    expect(rows).toStrictEqual([
      { id: 7, a: 1 },
      { id: 9, a: 2 },
    ]);
  });

  test('is refused where values would change, where it is virtual, and outside of a migration', async () => {
    const create = ['create table thing (a text not null)', "insert into thing values ('x')"];
    const toInteger: Change = (db) =>
      db.schema
        .alterTable('thing')
        .alterColumn('a', (column) => column.setDataType('integer'))
        .execute();
    await expect(changed(create, toInteger)).rejects.toMatchObject({
      code: 'migration_failed',
      cause: { code: 'unsupported' },
    });
    await expect(changed(['create virtual table thing using fts5(a)'], dropNotNull)).rejects.toMatchObject({
      cause: { code: 'unsupported' },
    });
    await using storage = await changed(create, async () => {});
    await expect(storage.write((tx) => dropNotNull(tx.kysely as Kysely<unknown>))).rejects.toMatchObject({
      code: 'invalid_query',
    });
    expect((await schemaOf(storage)).thing).toBe('CREATE TABLE thing (a text not null)');
  });

  test('never numbers a row again that was deleted, and keeps statistics', async () => {
    await using storage = await changed(
      [
        'create table thing (id integer primary key autoincrement, a text not null)',
        "insert into thing values (1, 'a'), (41, 'b')",
        'delete from thing where id = 41',
        'create index thing_by_a on thing (a)',
        'analyze',
      ],
      dropNotNull,
    );
    const { rows } = await sql`insert into thing (a) values (null) returning id`.execute(storage.kysely);
    expect(rows).toStrictEqual([{ id: 42 }]);
    const statistics = await sql`select count(*) as n from sqlite_stat1 where tbl = 'thing'`.execute(
      storage.kysely,
    );
    expect(statistics.rows).toStrictEqual([{ n: 1 }]);
  });

  test.each([
    ['a view', ['create view things as select a from thing'], 'The view "things"'],
    [
      'a trigger of its own',
      [
        'create table log (a)',
        'create trigger logged after insert on thing begin insert into log values (new.a); end',
      ],
      'A trigger of "thing"',
    ],
    [
      'a trigger of another table',
      ['create table log (a)', 'create trigger passed after delete on log begin update thing set a = 1; end'],
      'A trigger of "log"',
    ],
    ['a foreign key', ['create table child (a integer references thing (a))'], 'A foreign key of "child"'],
  ])('is refused where %s would not work any more, and nothing has changed', async (_, dependents, told) => {
    const create = 'CREATE TABLE thing (a integer unique, b text)';
    const failing = changed([create, 'insert into thing values (1, null)', ...dependents], async (db) => {
      await db.schema.alterTable('thing').dropColumn('a').execute();
    });
    const error = (await rejection(failing)) as MigrationError;
    expect(error.cause).toMatchObject({ code: 'unsupported' });
    expect(error.message).toContain(told);
  });

  test('drops a column with the constraints and indexes that involve it, as PostgreSQL does', async () => {
    await using storage = await changed(
      [
        'create table other (id primary key)',
        "insert into other values ('long')",
        `create table thing (a integer primary key, b text check (b <> d), c integer references other (id), d text unique,
           constraint both unique (b, d), foreign key (d) references other (id), check (length(d) > length(b)))`,
        'create index thing_by_d on thing (b, lower(d))',
        'create index thing_by_b on thing (b)',
        "insert into thing values (1, 'x', null, 'long')",
      ],
      (db) => db.schema.alterTable('thing').dropColumn('d').execute(),
    );
    const { rows } = await sql`select * from thing`.execute(storage.kysely);
    expect(rows).toStrictEqual([{ a: 1, b: 'x', c: null }]);
    const { thing, thing_by_d, thing_by_b } = await schemaOf(storage);
    expect(thing).toMatch(
      /^CREATE TABLE "thing" \(a integer primary key, b text, c integer references other \(id\)\)$/,
    );
    expect([thing_by_d, thing_by_b]).toStrictEqual([undefined, 'CREATE INDEX thing_by_b on thing (b)']);
  });

  test('finds a constraint without a name by the one PostgreSQL gives it', async () => {
    await using storage = await changed(
      [
        'create table other (id integer primary key)',
        'create table thing (a text unique check (a <> 1), b integer references other (id), c integer, primary key (c), check (b > c))',
      ],
      async (db) => {
        for (const name of ['thing_a_key', 'thing_a_check', 'thing_b_fkey', 'thing_pkey', 'thing_check']) {
          await db.schema.alterTable('thing').dropConstraint(name).execute();
        }
        await db.schema.alterTable('thing').addPrimaryKeyConstraint('thing_key', ['a']).execute();
      },
    );
    expect((await schemaOf(storage)).thing).toBe(
      'CREATE TABLE "thing" (a text not null, b integer, c integer not null, constraint "thing_key" primary key ("a"))',
    );
  });

  test('converts values and defaults as PostgreSQL does', async () => {
    const types = [
      ['integer', 'numeric(10, 2)', 7, '7.00'],
      ['integer', 'bigint', 7, 7n],
      ['integer', 'text', 7, '7'],
      ['smallint', 'double precision', 7, 7],
      ['numeric(4, 1)', 'numeric(10, 3)', '1.5', '1.500'],
      ['numeric', 'numeric(5, 2)', '12', '12.00'],
      ['numeric', 'numeric(4, 1)', '-1.25', '-1.3'],
      ['numeric(20, 3)', 'numeric(4, 1)', '0.049', '0.0'],
      ['numeric(10, 3)', 'numeric(4, 1)', '-0.450', '-0.5'],
      ['numeric(10, 3)', 'numeric(20, 1)', '1.250', '1.3'],
      ['numeric(10, 3)', 'numeric(20, 4)', '-0.005', '-0.0050'],
      ['numeric(10, 3)', 'numeric', '-0.005', '-0.005'],
      ['numeric(4, 1)', 'text', '1.5', '1.5'],
      ['boolean', 'text', true, 'true'],
      ['date', 'varchar(20)', '2024-02-29', '2024-02-29'],
      ['uuid', 'text', '7b0e5a3c-1d2f-4a6b-8c9d-0e1f2a3b4c5d', '7b0e5a3c-1d2f-4a6b-8c9d-0e1f2a3b4c5d'],
    ] as const;
    for (const [from, to, value, converted] of types) {
      await using storage = await changed([], async (db) => {
        await db.schema
          .createTable('thing')
          .addColumn('id', 'integer', (column) => column.primaryKey())
          .addColumn('a', from, (column) => column.defaultTo(value).notNull())
          .execute();
        await sql`insert into thing (id) values (1)`.execute(db);
        await db.schema
          .alterTable('thing')
          .alterColumn('a', (column) => column.setDataType(to))
          .execute();
        await sql`insert into thing (id) values (2)`.execute(db);
      });
      const { rows } = await sql`select a from thing order by id`.execute(storage.kysely);
      expect(rows, `${from} to ${to}`).toStrictEqual([{ a: converted }, { a: converted }]);
    }
  });

  test.each([
    ['integer', 'smallint', 70_000],
    ['text', 'varchar(3)', 'four'],
    ['numeric', 'numeric(4, 1)', '1234.5'],
    ['numeric(10, 2)', 'numeric(4, 1)', 123_450n],
    ['numeric', 'numeric(20, 1)', '1.25'],
    ['bigint', 'integer', 2n ** 40n],
  ] as const)('fails when a value does not fit: %s to %s', async (from, to, value) => {
    const failing = changed([], async (db) => {
      await db.schema.createTable('thing').addColumn('a', from).execute();
      await sql`insert into thing values (${value})`.execute(db);
      await db.schema
        .alterTable('thing')
        .alterColumn('a', (column) => column.setDataType(to))
        .execute();
    });
    const error = (await rejection(failing)) as MigrationError;
    expect(error.cause).toMatchObject({ code: 'invalid_value', table: 'thing', column: 'a' });
    expect(error.message).not.toContain('sluice_rebuild');
  });

  test('a renamed column is told by its new name, and another may take its old one', async () => {
    await using storage = await changed([], async (db) => {
      await db.schema.createTable('thing').addColumn('a', 'smallint').execute();
      await db.schema.alterTable('thing').renameColumn('a', 'b').execute();
      await db.schema.alterTable('thing').addColumn('a', 'boolean').execute();
    });
    const insert = (column: 'a' | 'b'): Promise<unknown> =>
      sql`insert into thing (${sql.ref(column)}) values (70000)`.execute(storage.kysely);
    expect(await rejection(insert('b'))).toMatchObject({ code: 'invalid_value', column: 'b' });
    expect(await rejection(insert('a'))).toMatchObject({ code: 'invalid_value', column: 'a' });
  });

  test('tells its steps in a dry run', async () => {
    const up: Change = async (db) => {
      await db.schema
        .createTable('thing')
        .addColumn('a', sql`text`, (column) => column.notNull())
        .execute();
      await dropNotNull(db);
    };
    const url = `sqlite:${join(await temporaryFolder(), 'app.db')}`;
    const migrations = { getMigrations: async () => ({ '001': { up } }) };
    await using storage = await openStorage<DB>({ url, drivers: [sqlite()], migrations });
    expect(await storage.migrator.dryRun()).toStrictEqual([
      {
        name: '001',
        sql: [
          'create table "thing" ("a" text not null)',
          'CREATE TABLE "sluice_rebuild_thing" ("a" text)',
          'insert into "sluice_rebuild_thing" (rowid, "a") select rowid, "a" from "thing"',
          'drop table "thing"',
          'pragma legacy_alter_table = on',
          'alter table "sluice_rebuild_thing" rename to "thing"',
          'pragma legacy_alter_table = off',
        ],
      },
    ]);
    expect(await schemaOf(storage)).toStrictEqual({});
  });

  test('refuses the pragmas that would let rows vanish', async () => {
    for (const pragma of [
      'foreign_keys = off',
      'defer_foreign_keys = on',
      'writable_schema = on',
      'legacy_alter_table = on',
    ]) {
      const failing = changed([], async (db) => void (await sql.raw(`pragma ${pragma}`).execute(db)));
      expect(await rejection(failing)).toMatchObject({ cause: { code: 'invalid_query' } });
    }
  });
});
