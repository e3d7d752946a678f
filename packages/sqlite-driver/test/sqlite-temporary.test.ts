import type { DatabaseTransaction } from '@sluice/core';
import { type SqliteValues, sqliteDialect } from '@sluice/sqlite-driver';
import { rejection, runIn } from '@sluice/testkit/driver-tests';
import { CompiledQuery, Kysely } from 'kysely';
import { beforeEach, describe, expect, test } from 'vitest';
import { type OpenedFile, openDatabase, temporaryFolder } from './opened-database.js';

/** Every way to make something that belongs to one connection. */
const TEMPORARY = [
  'create temp table other (id integer)',
  'CREATE TEMPORARY TABLE other (id integer)',
  'create temp table if not exists item (id integer)',
  'create/**/temp/**/table/**/other (id integer)',
  '-- first\n;create temp table other (id integer)',
  '\ufeffcreate temp table other (id integer)',
  'create table temp.item (id integer primary key, name text)',
  'create table temp . item (id integer)',
  'create table temp/* x */./* y */"item" (id integer)',
  'create table "temp"."item" (id integer)',
  'create table [temp].item (id integer)',
  'create table `TEMP`.item (id integer)',
  "create table 'temp'.item (id integer)",
  'create table if not exists temp.item (id integer)',
  'create table temp."x" as select * from item',
  'create temp table x as with y as (select 1 as a) select * from y',
  'create temp view other as select 1',
  'create view temp.item as select 1 as id',
  'create temp trigger other after insert on item begin delete from item; end',
  'create trigger temp.other after insert on item begin delete from item; end',
  'create virtual table temp.other using fts5 (x)',
] as const;

const LASTING = [
  'create table temporary_things (temp integer)',
  'create table "temp.item" (id integer)',
  "create table copy as select 'create temp table x' as text",
  'create view temp_view as select 1 as one',
  'create index item_name on item (name)',
  'drop table if exists missing',
  'alter table item add column temp text',
] as const;

const IS_ALL_THERE = 'insert into item (id, name) values (1, ?) returning name';

describe('what is temporary is refused, because it would belong to one connection', () => {
  let db: OpenedFile;

  beforeEach(async () => {
    db = await openDatabase();
    await db.run('create table item (id integer primary key, name text)');
  });

  const expectSound = async (): Promise<void> => {
    await db.run(IS_ALL_THERE, ['real']);
    expect(await db.rows('select * from item')).toMatchObject([{ id: 1, name: 'real' }]);
    expect(await db.rows('select name from sqlite_schema')).toStrictEqual([{ name: 'item' }]);
  };

  test.each(TEMPORARY)('alone, beside a neighbour: %j', async (text) => {
    const neighbour = db.run(`insert into item values (2, 'neighbour')`, [], { access: 'write' });
    expect(await rejection(db.run(text))).toMatchObject({ code: 'unsupported' });
    await neighbour;
    await db.run('delete from item');
    await expectSound();
  });

  test.each(TEMPORARY)('in a batch, which is undone: %j', async (text) => {
    const batch = [`insert into item values (2, 'undone')`, text].map(
      (sql) => ({ sql, parameters: [], access: 'unknown' }) as const,
    );
    expect(await rejection(db.database.batch?.(batch, {}) ?? Promise.resolve())).toMatchObject({
      code: 'unsupported',
    });
    await expectSound();
  });

  test.each(TEMPORARY)('in a transaction, which goes on: %j', async (text) => {
    for (const isSchemaChange of [false, true]) {
      const transaction: DatabaseTransaction = await db.database.begin({ access: 'write', isSchemaChange });
      expect(await rejection(runIn(transaction, text))).toMatchObject({ code: 'unsupported' });
      await runIn(transaction, IS_ALL_THERE, ['real']);
      await transaction.commit();
      expect(await db.rows('select name from item')).toStrictEqual([{ name: 'real' }]);
      await db.run('delete from item');
    }
    await expectSound();
  });

  test.each(TEMPORARY)('in a snapshot: %j', async (text) => {
    const snapshot = await db.database.begin({ access: 'read' });
    expect(await rejection(runIn(snapshot, text))).toMatchObject({ code: 'invalid_query' });
    expect(await runIn(snapshot, 'select * from item')).toMatchObject({ rows: [] });
    await snapshot.rollback();
    await expectSound();
  });

  test.each(LASTING)('what lasts is made: %j', async (text) => {
    await db.run(text);
    await db.run('vacuum');
    await db.run('analyze');
    await db.run('reindex');
  });
});

describe.each<SqliteValues>(['native', 'portable'])('through the plain dialect with %s values', (values) => {
  test('what is temporary is refused, alone and in a transaction', async () => {
    const path = `${await temporaryFolder()}/app.db`;
    await using kysely = new Kysely<unknown>({ dialect: sqliteDialect({ path, values }) });
    const run = (text: string, on: Kysely<unknown> = kysely): Promise<{ rows: unknown[] }> =>
      on.executeQuery(CompiledQuery.raw(text));
    await run('create table item (id integer primary key, name text)');
    for (const text of TEMPORARY) {
      expect(await rejection(run(text))).toMatchObject({ code: 'unsupported' });
      await kysely.transaction().execute(async (transaction) => {
        await run(`insert into item (name) values ('kept')`, transaction);
        expect(await rejection(run(text, transaction))).toMatchObject({ code: 'unsupported' });
      });
    }
    const { rows } = await run('select * from item');
    expect(rows).toHaveLength(TEMPORARY.length);
  });
});
