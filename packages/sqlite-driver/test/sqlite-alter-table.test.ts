import { join } from 'node:path';
import { alterTable, openStorage, type Storage } from '@sluice/core';
import { sqlite } from '@sluice/sqlite-driver';
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
  alterTable(db, 'thing', (table) => table.alterColumn('a', (column) => column.dropNotNull()));

describe('a table rebuilt for a change', () => {
  test('keeps what its text says: comments, odd names, collations, generated columns, options', async () => {
    await using storage = await changed(
      [
        `create table "thing" (
          a INTEGER NOT NULL DEFAULT (1 + 2), -- a comment, with a comma
          "b ""c"", d" varchar(10) COLLATE NOCASE CONSTRAINT "odd, name" CHECK (length("b ""c"", d") > 0),
          [e] text /* ( */ DEFAULT '(,''x' REFERENCES thing (k) ON DELETE SET NULL ON UPDATE SET DEFAULT NOT NULL,
          k text PRIMARY KEY,
          g text GENERATED ALWAYS AS (upper(e)) STORED,
          UNIQUE (a, [e]), CHECK (a < 100)
        ) WITHOUT ROWID`,
        `insert into thing (a, "b ""c"", d", e, k) values (7, 'x', 'k', 'k')`,
        'create index thing_by_a on thing (a) where a > 3',
      ],
      dropNotNull,
    );
    const { thing = '', thing_by_a: index } = await schemaOf(storage);
    expect(index).toBe('CREATE INDEX thing_by_a on thing (a) where a > 3');
    for (const part of [
      'a INTEGER DEFAULT (1 + 2) /* a comment, with a comma */',
      '"b ""c"", d" varchar (10) COLLATE NOCASE CONSTRAINT "odd, name" CHECK (length("b ""c"", d") > 0)',
      `[e] text /* ( */ DEFAULT '(,''x' REFERENCES thing (k) ON DELETE SET NULL ON UPDATE SET DEFAULT NOT NULL`,
      'g text GENERATED ALWAYS AS (upper(e)) STORED',
      'UNIQUE (a, [e])',
      'CHECK (a < 100)',
      ') WITHOUT ROWID',
    ]) {
      expect(thing).toContain(part);
    }
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
      alterTable(db, 'thing', (table) => table.alterColumn('a', (column) => column.setDataType('integer')));
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
});
