import { ValueError } from '@sluice/core';
import { sqliteDialect } from '@sluice/sqlite-driver';
import { rejection } from '@sluice/testkit/driver-tests';
import { type Generated, Kysely, sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openDatabase, temporaryFolder } from './opened-database.js';

interface Specimen {
  id: Generated<bigint>;
  txt: string | null;
  vc: string | null;
  small: number | null;
  whole: number | null;
  big: bigint | null;
  dbl: number | null;
  num: string | null;
  flag: boolean | null;
  moment: Date | null;
  day: string | null;
  ident: string | null;
  doc: unknown;
  docb: unknown;
  bytes: Uint8Array | null;
}

let db: Kysely<{ specimen: Specimen }>;

beforeEach(async () => {
  const path = `${await temporaryFolder()}/values.db`;
  db = new Kysely({ dialect: sqliteDialect({ path, values: 'portable' }) });
  await db.schema
    .createTable('specimen')
    .addColumn('id', 'bigint', (column) => column.primaryKey().generatedByDefaultAsIdentity())
    .addColumn('txt', 'text')
    .addColumn('vc', 'varchar(3)')
    .addColumn('small', 'smallint')
    .addColumn('whole', 'integer')
    .addColumn('big', 'bigint')
    .addColumn('dbl', 'double precision')
    .addColumn('num', 'numeric(40, 2)')
    .addColumn('flag', 'boolean')
    .addColumn('moment', 'timestamptz')
    .addColumn('day', 'date')
    .addColumn('ident', 'uuid')
    .addColumn('doc', 'json')
    .addColumn('docb', 'jsonb')
    .addColumn('bytes', 'bytea')
    .execute();
});

afterEach(() => db.destroy());

type Column = Exclude<keyof Specimen, 'id'>;

const KEPT: readonly (readonly [Column, unknown])[] = [
  ['txt', ''],
  ['txt', 'é😀\u{10ffff}'],
  ['txt', '12'],
  ['vc', '😀😀😀'],
  ['small', -32768],
  ['whole', 2 ** 31 - 1],
  ['big', 2n ** 63n - 1n],
  ['big', -(2n ** 63n)],
  ['big', 1n],
  ['dbl', 0.1],
  ['dbl', 3],
  ['dbl', Number.MAX_VALUE],
  ['dbl', 5e-324],
  ['dbl', Number.POSITIVE_INFINITY],
  ['dbl', Number.NEGATIVE_INFINITY],
  ['num', '12345678901234567890123456789012345678.90'],
  ['num', '-0.01'],
  ['num', '0.00'],
  ['flag', true],
  ['flag', false],
  ['moment', new Date('1969-12-31T23:59:59.999Z')],
  ['moment', new Date(8.64e15)],
  ['day', '0001-01-01'],
  ['day', '9999-12-31'],
  ['day', '2024-02-29'],
  ['ident', '123e4567-e89b-12d3-a456-426614174000'],
  ['doc', { nested: [1, '2', null, { deep: true }] }],
  ['docb', ['10', 10]],
  ['bytes', new Uint8Array()],
  ['bytes', new Uint8Array([0, 255, 1])],
];

const REFUSED: readonly (readonly [Column, unknown])[] = [
  ['txt', 'a\0b'],
  ['txt', 'lone \ud800'],
  ['txt', new Uint8Array(1)],
  ['vc', 'abcd'],
  ['small', 32768],
  ['whole', 2 ** 31],
  ['whole', 1.5],
  ['big', 2n ** 63n],
  ['big', 'x'],
  ['dbl', Number.NaN],
  ['dbl', -0],
  ['dbl', 'abc'],
  ['num', '1.5'],
  ['num', '01.50'],
  ['num', '-.50'],
  ['num', '--1.00'],
  ['num', '1e5'],
  ['num', '1234567890123456789012345678901234567890.00'],
  ['flag', 2],
  ['flag', 'true'],
  ['moment', 'yesterday'],
  ['moment', new Date(Number.NaN)],
  ['day', '2024-02-31'],
  ['day', '0000-01-01'],
  ['day', '2024-1-1'],
  ['ident', '123E4567-e89b-12d3-a456-426614174000'],
  ['ident', 'nonsense'],
  ['doc', '{'],
  ['bytes', 'abc'],
];

describe('values', () => {
  test.each(KEPT)(
    '%s keeps %o through a plain insert, RETURNING, select and stream',
    async (column, value) => {
      const inserted = await db
        .insertInto('specimen')
        .values({ [column]: value } as never)
        .returning([column, 'id'])
        .executeTakeFirstOrThrow();
      expect(inserted).toStrictEqual({ [column]: value, id: 1n });
      const read = await db.selectFrom('specimen as s').select(`s.${column} as v`).executeTakeFirstOrThrow();
      expect(read).toStrictEqual({ v: value });
      for await (const row of db.selectFrom('specimen').select(column).stream()) {
        expect(row).toStrictEqual({ [column]: value });
      }
      const view = await sql<{
        v: unknown;
      }>`select v from (select ${sql.ref(column)} as v from specimen)`.execute(db);
      expect(view.rows).toStrictEqual([{ v: value }]);
    },
  );

  test.each(REFUSED)('%s refuses %o before it is stored', async (column, value) => {
    const error = await rejection(
      db
        .insertInto('specimen')
        .values({ [column]: value } as never)
        .execute(),
    );
    expect(error).toSatisfy(
      (thrown) =>
        thrown instanceof ValueError || (thrown as { code?: string }).code === 'SQLITE_CONSTRAINT_CHECK',
    );
    expect(await db.selectFrom('specimen').selectAll().execute()).toStrictEqual([]);
  });

  test('a driver names the column that a refused value was for', async () => {
    const opened = await openDatabase();
    await opened.run(createTable('t', 'small', 'smallint'));
    const error = await rejection(
      opened.run('insert into t (small) values (?)', [40_000], { access: 'write' }),
    );
    expect(error).toBeInstanceOf(ValueError);
    expect(error).toMatchObject({ table: 't', column: 'small', cause: { code: 'SQLITE_CONSTRAINT_CHECK' } });
    expect((error as Error).message).not.toContain('40');
  });

  test('parameters of whole numbers divide as integers', async () => {
    const { rows } = await sql`select ${5} / ${2} as half, ${5.5} / ${2} as more`.execute(db);
    expect(rows).toStrictEqual([{ half: 2, more: 2.75 }]);
  });

  test('whole numbers of expressions are numbers while they are exact, and bigints beyond', async () => {
    const { rows } =
      await sql`select 9007199254740991 as safe, 9007199254740993 as beyond, count(*) as count from specimen`.execute(
        db,
      );
    expect(rows).toStrictEqual([{ safe: 9007199254740991, beyond: 9007199254740993n, count: 0 }]);
  });

  test('a column that numbers its rows is a bigint through views, renames and another schema version', async () => {
    await db.insertInto('specimen').values({ txt: 'a' }).execute();
    await sql`create view looked_at as select id as number from specimen`.execute(db);
    await sql`alter table specimen rename to renamed`.execute(db);
    await sql`alter table renamed rename column id to "key"`.execute(db);
    expect((await sql`select number from looked_at`.execute(db)).rows).toStrictEqual([{ number: 1n }]);
    expect((await sql`select "key" from renamed`.execute(db)).rows).toStrictEqual([{ key: 1n }]);
  });

  test('a column named __proto__ is a column', async () => {
    const { rows } = await sql`select 1 as "__proto__", 2 as other`.execute(db);
    expect(Object.keys(rows[0] as object)).toStrictEqual(['__proto__', 'other']);
    expect(Object.getPrototypeOf(rows[0])).toBe(Object.prototype);
  });
});

describe('foreign files', () => {
  test('a value that is none of its column is refused, not re-typed', async () => {
    const opened = await openDatabase();
    await opened.run('create table old (flag boolean, whole integer, huge "unsigned big int")');
    await opened.run(`insert into old values ('yes', 9007199254740993, 9007199254740993)`);
    expect(await rejection(opened.rows('select flag from old'))).toBeInstanceOf(ValueError);
    expect(await rejection(opened.rows('select whole from old'))).toBeInstanceOf(ValueError);
    expect(await opened.rows('select huge, +whole as whole from old')).toStrictEqual([
      { huge: 9007199254740993n, whole: 9007199254740993n },
    ]);
  });
});

describe('order and comparison', () => {
  test('NULL sorts as in PostgreSQL, unless told otherwise', async () => {
    await db
      .insertInto('specimen')
      .values([{ txt: 'b' }, { txt: null }, { txt: 'a' }])
      .execute();
    const order = async (direction: 'asc' | 'desc') =>
      (await db.selectFrom('specimen').select('txt').orderBy('txt', direction).execute()).map(
        ({ txt }) => txt,
      );
    expect(await order('asc')).toStrictEqual(['a', 'b', null]);
    expect(await order('desc')).toStrictEqual([null, 'b', 'a']);
    const first = db
      .selectFrom('specimen')
      .select('txt')
      .orderBy('txt', (item) => item.asc().nullsFirst());
    expect((await first.execute()).map(({ txt }) => txt)).toStrictEqual([null, 'a', 'b']);
    const raw = db.selectFrom('specimen').select('txt').orderBy(sql`txt desc`);
    expect((await raw.execute()).map(({ txt }) => txt)).toStrictEqual([null, 'b', 'a']);
  });

  test('LIKE tells upper case from lower, and a backslash escapes', async () => {
    await db
      .insertInto('specimen')
      .values([{ txt: 'a%b' }, { txt: 'A%B' }, { txt: 'axb' }])
      .execute();
    const like = async (pattern: string) =>
      (await db.selectFrom('specimen').select('txt').where('txt', 'like', pattern).execute()).map(
        ({ txt }) => txt,
      );
    expect(await like('a%')).toStrictEqual(['a%b', 'axb']);
    expect(await like('a\\%b')).toStrictEqual(['a%b']);
  });
});

function createTable(table: string, column: string, type: 'smallint'): string {
  const compiler = new Kysely<unknown>({ dialect: sqliteDialect({ path: ':memory:', values: 'portable' }) });
  return compiler.schema.createTable(table).addColumn(column, type).compile().sql;
}
