import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { type Database, UnsupportedError } from '@sluice/core';
import { sqliteDialect } from '@sluice/sqlite-driver';
import { rejection } from '@sluice/testkit/driver-tests';
import { type Compilable, Kysely, sql } from 'kysely';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { type OpenedFile, openDatabase } from './opened-database.js';

/** Compiles only; its database is never opened. */
const { schema } = new Kysely<unknown>({ dialect: sqliteDialect({ path: ':memory:', values: 'portable' }) });

let db: OpenedFile;

beforeEach(async () => {
  db = await openDatabase();
});

const run = (query: Compilable): Promise<unknown> => db.run(query.compile().sql, [], { access: 'write' });

describe('identity', () => {
  test.each([
    ['integer', 'by default', 1],
    ['bigint', 'by default', 1n],
    ['integer', 'always', 1],
    ['serial', undefined, 1],
    ['bigserial', undefined, 1n],
  ] as const)('%s %s counts', async (type, how, first) => {
    await run(
      schema
        .createTable('t')
        .addColumn('id', type, (column) => {
          if (how === undefined) return column.primaryKey();
          return how === 'always'
            ? column.generatedAlwaysAsIdentity().primaryKey()
            : column.generatedByDefaultAsIdentity().primaryKey();
        })
        .addColumn('name', 'text'),
    );
    expect(await db.rows(`insert into t (name) values ('a') returning id`)).toStrictEqual([{ id: first }]);
    await db.run('delete from t');
    expect((await db.rows(`insert into t (name) values ('b') returning id`))[0]?.id).toBe(
      typeof first === 'bigint' ? 2n : 2,
    );
  });

  test('may be the key by a constraint of the table', async () => {
    await run(
      schema
        .createTable('t')
        .addColumn('id', 'bigint', (column) => column.generatedByDefaultAsIdentity())
        .addPrimaryKeyConstraint('t_pkey', ['id']),
    );
    expect(await db.rows('insert into t default values returning id')).toStrictEqual([{ id: 1n }]);
  });

  test('is refused where SQLite does not count', () => {
    const query = schema
      .createTable('t')
      .addColumn('id', 'integer', (column) => column.generatedByDefaultAsIdentity());
    expect(() => query.compile()).toThrow(UnsupportedError);
  });
});

describe('columns', () => {
  test.each([
    ['timestamp', 'timestamptz'],
    ['real', 'double precision'],
    ['char(3)', 'varchar(n)'],
    ['datetime', 'timestamptz'],
    ['blob', 'bytea'],
  ] as const)('%s is refused, and %s named', (type, instead) => {
    expect(() => schema.createTable('t').addColumn('a', type).compile()).toThrow(instead);
  });

  test('a raw type passes as it is', async () => {
    await run(schema.createTable('t').addColumn('a', sql`blob`));
    expect((await db.rows('select type from pragma_table_info(?)', ['t']))[0]?.type).toBe('BLOB');
  });

  test('a primary key holds no NULL', async () => {
    await run(schema.createTable('t').addColumn('a', 'text', (column) => column.primaryKey()));
    await run(
      schema
        .createTable('u')
        .addColumn('a', 'text')
        .addColumn('b', 'text')
        .addPrimaryKeyConstraint('u_pkey', ['a', 'b']),
    );
    expect(await rejection(db.run('insert into t values (null)'))).toMatchObject({
      code: 'not_null_violation',
    });
    expect(await rejection(db.run(`insert into u values ('a', null)`))).toMatchObject({
      code: 'not_null_violation',
    });
  });

  test('defaults are stored as their type', async () => {
    await run(
      schema
        .createTable('t')
        .addColumn('id', 'integer', (column) => column.primaryKey())
        .addColumn('moment', 'timestamptz', (column) => column.defaultTo(sql`now()`).notNull())
        .addColumn('fixed', 'timestamptz', (column) => column.defaultTo(new Date(5)))
        .addColumn('price', 'numeric(10, 2)', (column) => column.defaultTo(1.5))
        .addColumn('flag', 'boolean', (column) => column.defaultTo(true))
        .addColumn('day', 'date', (column) => column.defaultTo(sql`current_date`))
        .addColumn('ident', 'uuid', (column) => column.defaultTo(sql`gen_random_uuid()`)),
    );
    const before = Date.now();
    const [row] = await db.rows('insert into t (id) values (1) returning *');
    expect(row).toMatchObject({ fixed: new Date(5), price: '1.50', flag: true });
    expect(row?.day).toBe(new Date().toISOString().slice(0, 10));
    expect(row?.ident).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(Math.abs(Number(row?.moment) - before)).toBeLessThan(10_000);
  });

  test('an added column is checked as well', async () => {
    await run(schema.createTable('t').addColumn('a', 'text'));
    await run(schema.alterTable('t').addColumn('n', 'smallint'));
    expect(await rejection(db.run('insert into t (n) values (70000)'))).toMatchObject({
      code: 'invalid_value',
      column: 'n',
    });
  });

  test('an index takes a direction', async () => {
    await run(schema.createTable('t').addColumn('a', 'text'));
    await run(schema.createIndex('t_a').on('t').columns(['a desc']));
  });
});

describe('catalog', () => {
  test('tells tables, views, columns, types and keys', async () => {
    await run(
      schema
        .createTable('media')
        .addColumn('id', 'bigint', (column) => column.primaryKey().generatedByDefaultAsIdentity())
        .addColumn('slug', 'varchar(40)', (column) => column.notNull().unique())
        .addColumn('price', 'numeric(10, 2)')
        .addColumn('seen', 'timestamptz', (column) => column.notNull().defaultTo(sql`now()`))
        .addColumn('upper', 'text', (column) => column.generatedAlwaysAs(sql`upper(slug)`).stored())
        .addColumn('doc', 'jsonb'),
    );
    await db.run('create table plain (a TEXT, b DATETIME, primary key (b, a)) without rowid');
    await db.run('create unique index partial on plain (a) where b is not null');
    await db.run('create unique index expression on plain (lower(a))');
    await db.run('create view seen_media as select id, seen from media');
    const catalog = await (db.database as Database).catalog();
    expect([...catalog.keys()]).toStrictEqual(['media', 'plain', 'seen_media']);
    const media = catalog.get('media');
    expect(
      [...(media?.columns.values() ?? [])].map(({ name, type, isNullable, hasDefault, isGenerated }) => ({
        name,
        type,
        isNullable,
        hasDefault,
        isGenerated,
      })),
    ).toStrictEqual([
      { name: 'id', type: { name: 'bigint' }, isNullable: false, hasDefault: true, isGenerated: false },
      {
        name: 'slug',
        type: { name: 'varchar', length: 40 },
        isNullable: false,
        hasDefault: false,
        isGenerated: false,
      },
      {
        name: 'price',
        type: { name: 'numeric', precision: 10, scale: 2, isScaled: true },
        isNullable: true,
        hasDefault: false,
        isGenerated: false,
      },
      {
        name: 'seen',
        type: { name: 'timestamptz' },
        isNullable: false,
        hasDefault: true,
        isGenerated: false,
      },
      { name: 'upper', type: { name: 'text' }, isNullable: true, hasDefault: true, isGenerated: true },
      { name: 'doc', type: { name: 'jsonb' }, isNullable: true, hasDefault: false, isGenerated: false },
    ]);
    expect(media).toMatchObject({ primaryKey: ['id'], uniqueKeys: [['id'], ['slug']], isView: false });
    const plain = catalog.get('plain');
    expect(plain).toMatchObject({ primaryKey: ['b', 'a'], uniqueKeys: [['b', 'a']] });
    expect(plain?.columns.get('b')?.type).toBeUndefined();
    expect(catalog.get('seen_media')).toMatchObject({ isView: true, primaryKey: [] });
    expect(catalog.get('seen_media')?.columns.get('seen')?.type).toStrictEqual({ name: 'timestamptz' });
  });
});

describe('in-lists', () => {
  test('take any number of values of any type in one parameter, exactly', async () => {
    const { sql: engine } = db.database;
    const lists = [
      ['bigint', [2n ** 63n - 1n, 9007199254740993n]],
      ['double precision', [0.1, Number.POSITIVE_INFINITY, 5e-324]],
      ['text', ['a', 'quote " and \\', 'é😀']],
      ['bytea', [new Uint8Array([0, 255]), new Uint8Array()]],
      ['numeric', ['1.50', '-12345678901234567890.25']],
      ['boolean', [1]],
    ] as const;
    const kysely = new Kysely<{ t: { v: unknown } }>({
      dialect: sqliteDialect({ path: ':memory:', values: 'portable' }),
    });
    afterAll(() => kysely.destroy());
    for (const [type, values] of lists) {
      await run(schema.createTable('t').addColumn('v', type));
      for (const value of values) await db.run('insert into t values (?)', [value], { access: 'write' });
      const query = kysely
        .selectFrom('t')
        .select('v')
        .where((eb) => engine.inList(eb.ref('v'), values, { name: type }));
      const { sql: text, parameters } = query.compile();
      expect(parameters).toHaveLength(1);
      expect(await db.rows(text, parameters)).toHaveLength(values.length);
      await db.run('drop table t');
    }
    const many = Array.from({ length: 100_000 }, (_, index) => BigInt(index));
    await run(schema.createTable('t').addColumn('v', 'bigint'));
    await db.run('insert into t values (7), (99999), (100000)');
    const { sql: text, parameters } = kysely
      .selectFrom('t')
      .select('v')
      .where((eb) => engine.inList(eb.ref('v'), many, { name: 'bigint' }))
      .compile();
    expect(await db.rows(text, parameters)).toStrictEqual([{ v: 7n }, { v: 99999n }]);
  });
});

describe('backup', () => {
  test('is a whole copy as of one moment, while others write', async () => {
    await db.run('create table t (a integer)');
    await db.run(
      'with recursive n(i) as (select 1 union all select i + 1 from n where i < 50000) insert into t select i from n',
    );
    let isDone = false;
    const backup = db.database.backup(`${db.path}.copy`, {}).then(() => {
      isDone = true;
    });
    while (!isDone) await db.run('insert into t values (0)', [], { access: 'write' });
    await backup;
    const copy = await openDatabase({ path: `${db.path}.copy` });
    expect(await copy.rows('pragma integrity_check')).toStrictEqual([{ integrity_check: 'ok' }]);
    expect(await copy.rows('select count(*) as count from t where a > 0')).toStrictEqual([{ count: 50_000 }]);
    expect(
      readdirSync(`${db.path}/..`.replace(/\/[^/]+\/\.\.$/, '')).filter((name) => name.includes('partial')),
    ).toStrictEqual([]);
  });

  test('never replaces a file, and needs its folder', async () => {
    writeFileSync(`${db.path}.copy`, 'mine');
    expect(await rejection(db.database.backup(`${db.path}.copy`, {}))).toMatchObject({
      code: 'path_unusable',
    });
    expect(await rejection(db.database.backup(`${db.path}-missing/copy`, {}))).toMatchObject({
      code: 'path_unusable',
    });
    expect(existsSync(`${db.path}-missing`)).toBe(false);
  });

  test('that is given up leaves nothing', async () => {
    await db.run('create table t (a blob)');
    await db.run(
      'with recursive n(i) as (select 1 union all select i + 1 from n where i < 2000) insert into t select zeroblob(10000) from n',
    );
    const deadline = performance.now() + 1;
    expect(await rejection(db.database.backup(`${db.path}.copy`, { deadline }))).toMatchObject({
      code: 'timeout',
    });
    await db.database.close();
    expect(existsSync(`${db.path}.copy`)).toBe(false);
  });
});
