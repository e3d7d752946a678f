import { type CatalogTable, parseValueType } from '@sluice/core';
import { postgresDialect } from '@sluice/postgres-driver';
import { temporaryPostgresUrl } from '@sluice/testkit';
import { type OpenedDatabase, rejection } from '@sluice/testkit/driver-tests';
import { type ColumnDataType, Kysely, sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openDatabase } from './opened-database.js';

let url: string;
let db: Kysely<unknown>;

beforeAll(async () => {
  url = await temporaryPostgresUrl();
  db = new Kysely({ dialect: postgresDialect({ url, values: 'portable' }) });
});

afterAll(() => db.destroy());

const open = (): Promise<OpenedDatabase> => openDatabase({ url });

async function tableOf(name: string): Promise<CatalogTable> {
  const { database } = await open();
  const table = (await database.catalog()).get(name);
  if (table === undefined) throw new Error(`The catalog has no ${name}.`);
  return table;
}

test('stores times to the millisecond and compares text by code point', async () => {
  await db.schema
    .createTable('plain')
    .addColumn('moment', 'timestamptz', (column) => column.defaultTo(sql`now()`))
    .addColumn('name', 'text')
    .addColumn('short', 'varchar(9)')
    .execute();
  await db.schema.alterTable('plain').addColumn('later', 'text').execute();
  await db.schema
    .alterTable('plain')
    .alterColumn('short', (column) => column.setDataType('varchar(5)'))
    .execute();
  const { rows } = await open();
  const columns =
    await rows(`select attname as name, format_type(atttypid, atttypmod) as type, collname as collation
    from pg_attribute left join pg_collation on pg_collation.oid = attcollation and collname <> 'default'
    where attrelid = 'plain'::regclass and attnum > 0 order by attnum`);
  expect(columns).toEqual([
    { name: 'moment', type: 'timestamp(3) with time zone', collation: null },
    { name: 'name', type: 'text', collation: 'C' },
    { name: 'short', type: 'character varying(5)', collation: 'C' },
    { name: 'later', type: 'text', collation: 'C' },
  ]);
  const sorted = await rows(
    `insert into plain (name) values ('b'), ('B'), ('ä'), ('a'), (null) returning moment`,
  );
  expect(sorted[0]?.moment).toBeInstanceOf(Date);
  expect((await rows('select name from plain order by name')).map(({ name }) => name)).toEqual([
    'B',
    'a',
    'b',
    'ä',
    null,
  ]);
});

test.each<[ColumnDataType, string]>([
  ['timestamp', 'timestamptz'],
  ['timestamptz(6)', 'milliseconds'],
  ['real', 'double precision'],
  ['float4', 'double precision'],
  ['char(3)', 'varchar(n)'],
  ['time', 'text'],
  ['blob', 'bytea'],
  ['datetime', 'timestamptz'],
  ['int4range', 'raw sql'],
])('refuses the column type %s and names the portable one', async (type, instead) => {
  const error = await rejection(db.schema.createTable('refused').addColumn('c', type).execute());
  expect(error).toMatchObject({ code: 'unsupported' });
  expect(String(error)).toContain(instead);
});

test('takes a raw type as it is, and a type in a cast', async () => {
  await db.schema.createTable('raw').addColumn('c', sql`char(3)`).execute();
  const one = db.selectNoFrom((eb) => eb.cast<string>(eb.val(1), 'text').as('one'));
  expect(await one.execute()).toEqual([{ one: '1' }]);
});

test('gives an automatic id to integer and bigint columns', async () => {
  await db.schema
    .createTable('counted')
    .addColumn('id', 'bigint', (column) => column.primaryKey().autoIncrement())
    .addColumn('other', 'integer', (column) => column.generatedByDefaultAsIdentity())
    .addColumn('old', 'serial')
    .execute();
  const { rows } = await open();
  expect(await rows('insert into counted default values returning *')).toEqual([
    { id: 1n, other: 1, old: 1 },
  ]);
  expect(await rows('insert into counted (id) values (10) returning id')).toEqual([{ id: 10n }]);
});

test('refuses a name that PostgreSQL would cut off', async () => {
  const kept = 'k'.repeat(63);
  await db.schema.createTable(kept).addColumn('id', 'integer').execute();
  const error = await rejection(db.schema.createTable('ü'.repeat(32)).addColumn('id', 'integer').execute());
  expect(error).toMatchObject({ code: 'invalid_query' });
});

test('reads tables, views, keys and columns', async () => {
  const { run, database } = await open();
  await run(`create table catalogued (
    a integer, b text, c varchar(20) not null default 'x', d numeric(10, 2), e timestamptz(3), f char(3), g double precision,
    h integer generated always as (a + 1) stored, i bigint generated always as identity, j int[], k numeric, l timestamptz(0),
    primary key (b, a), unique (c), unique (d) deferrable, "camelCase" boolean)`);
  await run('create unique index on catalogued (e, f)');
  await run('create unique index on catalogued (g) where g > 0');
  await run('create unique index on catalogued (lower(c))');
  await run('create index on catalogued (k)');
  await run('create view catalogued_view as select a, b from catalogued');
  await run('create table dropped (a integer, b integer)');
  await run('alter table dropped drop column a');
  const table = await tableOf('catalogued');
  expect(table).toMatchObject({ name: 'catalogued', isView: false, primaryKey: ['b', 'a'] });
  expect(table.uniqueKeys).toEqual([['b', 'a'], ['c'], ['e', 'f']]);
  const types = Object.fromEntries([...table.columns.values()].map(({ name, type }) => [name, type]));
  expect(types).toEqual({
    a: { name: 'integer' },
    b: { name: 'text' },
    c: { name: 'varchar', length: 20 },
    d: { name: 'numeric', precision: 10, scale: 2 },
    e: parseValueType('timestamptz'),
    f: undefined,
    g: { name: 'double precision' },
    h: { name: 'integer' },
    i: { name: 'bigint' },
    j: undefined,
    k: { name: 'numeric' },
    l: undefined,
    camelCase: { name: 'boolean' },
  });
  expect(table.columns.get('c')).toMatchObject({ isNullable: false, hasDefault: true, isGenerated: false });
  expect(table.columns.get('h')).toMatchObject({ isNullable: true, hasDefault: true, isGenerated: true });
  expect(table.columns.get('i')).toMatchObject({ isNullable: false, hasDefault: true, isGenerated: true });
  expect(table.columns.get('a')).toMatchObject({ isNullable: false, hasDefault: false });
  const catalog = await database.catalog();
  expect(catalog.get('catalogued_view')).toMatchObject({ isView: true, primaryKey: [], uniqueKeys: [] });
  expect([...(catalog.get('dropped')?.columns.keys() ?? [])]).toEqual(['b']);
});

test('sees the tables of the search path and no others', async () => {
  const { run } = await open();
  await run('create schema other');
  await run('create table other.hidden (id integer)');
  await run('create table other.plain_other (id integer)');
  const other = new URL(url);
  other.search = '?options=-c%20search_path%3Dother';
  const { database } = await openDatabase({ url: other.href });
  expect([...(await database.catalog()).keys()]).toEqual(['hidden', 'plain_other']);
  expect((await (await open()).database.catalog()).has('hidden')).toBe(false);
});
