import { type SqliteValues, sqliteDialect } from '@sluice/sqlite-driver';
import { CompiledQuery, Kysely, type QueryResult } from 'kysely';
import { beforeEach, describe, expect, test } from 'vitest';
import { type OpenedFile, openDatabase, temporaryFolder } from './opened-database.js';

const SCHEMA = [
  'create table noise (id integer primary key)',
  'create table item (id integer primary key, k text unique)',
  'create table other (id integer primary key, k text unique)',
  'create table keyed (k text primary key) without rowid',
  'create view seen as select k from item',
  'create trigger seen_insert instead of insert on seen begin insert into other (k) values (new.k); end',
  `create trigger ignored before insert on item when new.k = 'ignored' begin insert into other (k) values ('log'); select raise(ignore); end`,
  `insert into item values (1, 'taken'), (100, 'hundredth')`,
  `insert into other values (1, 'taken')`,
] as const;

/** Inserts row 100 of another table: the number that SQLite remembers. */
const NOISE = 'insert or replace into noise values (100)';

/** What a statement after {@link NOISE} inserts, if anything. */
const CASES: readonly (readonly [sql: string, id: bigint | undefined])[] = [
  [`insert into item (k) values ('new')`, 101n],
  [`insert into item (k) values ('a'), ('b')`, 102n],
  [`insert into other (id, k) values (100, 'of the same number')`, 100n],
  [`insert into other (id, k) values (9007199254740993, 'large')`, 9007199254740993n],
  [`with x as (select 'new' as k) insert into item (k) select k from x`, 101n],
  [`insert /* x */ into main.item (k) values ('new')`, 101n],
  [`replace into item (k) values ('taken')`, 101n],
  [`insert or replace into item values (5, 'taken')`, 5n],
  [`insert or ignore into item (k) values ('taken')`, undefined],
  [`insert or ignore into item (k) values ('new'), ('taken')`, 101n],
  [`insert into item (k) values ('taken') on conflict do nothing`, undefined],
  [`insert into item (k) values ('new') on conflict do nothing`, 101n],
  [`insert into item (k) values ('taken') on conflict (k) do update set k = 'taken'`, undefined],
  [`insert into item (k) values ('hundredth') on conflict (k) do update set k = 'other'`, undefined],
  [`insert into item (k) values ('new') on conflict (k) do update set k = 'other'`, 101n],
  [`insert into other (id, k) values (100, 'x') on conflict (k) do update set k = 'other'`, 100n],
  [`insert into item (k) select 'x' where false`, undefined],
  [`insert into item (k) values ('ignored')`, undefined],
  [`insert into keyed (k) values ('x')`, undefined],
  [`insert into seen (k) values ('x')`, undefined],
  [`update item set k = 'x' where id = 1`, undefined],
  ['delete from item where id = 1', undefined],
];

describe('the number of an inserted row', () => {
  let db: OpenedFile;

  beforeEach(async () => {
    db = await openDatabase();
    for (const sql of SCHEMA) await db.run(sql);
  });

  test.each(CASES)('of one statement beside others, and of one in a batch: %s', async (sql, id) => {
    const options = { access: 'write' } as const;
    const statements = [NOISE, 'delete from other where id > 1', sql];
    const together = statements.map((each) => db.run(each, [], options));
    expect((await Promise.all(together)).at(-1)?.lastInsertId).toBe(id);
    for (const table of ['item', 'other', 'keyed', 'noise']) await db.run(`delete from ${table}`);
    for (const sql of SCHEMA.slice(-2)) await db.run(sql);
    const batch = statements.map((each) => ({ sql: each, parameters: [], ...options }));
    expect((await db.database.batch?.(batch, {}))?.at(-1)?.lastInsertId).toBe(id);
  });
});

/** Kysely is told of affected rows by the first word of a raw query. */
const COUNTED = CASES.filter(([sql]) => !sql.startsWith('with'));

describe.each<SqliteValues>(['native', 'portable'])('insertId with %s values', (values) => {
  test('is that of the statement, alone and in a transaction', async () => {
    const path = `${await temporaryFolder()}/app.db`;
    await using kysely = new Kysely<unknown>({ dialect: sqliteDialect({ path, values }) });
    const run = (sql: string, on: Kysely<unknown> = kysely): Promise<QueryResult<unknown>> =>
      on.executeQuery(CompiledQuery.raw(sql));
    for (const sql of SCHEMA) await run(sql);
    const seen: unknown[] = [];
    for (const [sql, id] of COUNTED) {
      await kysely.transaction().execute(async (transaction) => {
        await run(NOISE, transaction);
        seen.push([sql, (await run(sql, transaction)).insertId, id]);
        await transaction.executeQuery(CompiledQuery.raw('delete from item'));
        await transaction.executeQuery(CompiledQuery.raw('delete from other'));
        await transaction.executeQuery(CompiledQuery.raw('delete from keyed'));
        for (const each of SCHEMA.slice(-2)) await run(each, transaction);
      });
      await run(NOISE);
      const [alone] = await Promise.all([run(sql), run(NOISE)]);
      seen.push([sql, alone.insertId, id]);
      for (const table of ['item', 'other', 'keyed']) await run(`delete from ${table}`);
      for (const each of SCHEMA.slice(-2)) await run(each);
    }
    expect(seen).toStrictEqual(
      COUNTED.flatMap(([sql, id]) => [
        [sql, id, id],
        [sql, id, id],
      ]),
    );
  });
});
