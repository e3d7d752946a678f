import { UsageError, ValueError } from '@sluice/core';
import { temporaryPostgresUrl } from '@sluice/testkit';
import { type OpenedDatabase, rejection } from '@sluice/testkit/driver-tests';
import { beforeAll, describe, expect, test } from 'vitest';
import { openDatabase } from './opened-database.js';

let url: string;

beforeAll(async () => {
  url = await temporaryPostgresUrl();
  const { run, database } = await openDatabase({ url });
  await run(`create table held (
    a_smallint smallint, an_integer integer, a_bigint bigint, a_double double precision, a_numeric numeric,
    a_boolean boolean, a_text text, a_uuid uuid, a_date date, a_timestamptz timestamptz(3), a_json json, a_jsonb jsonb,
    a_bytea bytea, exact_timestamptz timestamptz)`);
  await database.close();
});

const open = (): Promise<OpenedDatabase> => openDatabase({ url });

const big = new Uint8Array(1_000_000).map((_, index) => index % 251);

describe('gives back what was written', () => {
  test.each([
    ['a_smallint', [-32_768, 0, 32_767]],
    ['an_integer', [-(2 ** 31), 0, 2 ** 31 - 1]],
    ['a_bigint', [-(2n ** 63n), 0n, 2n ** 53n + 1n, 2n ** 63n - 1n]],
    [
      'a_double',
      [
        0,
        0.1,
        -1e308,
        5e-324,
        2 ** 53,
        1.7976931348623157e308,
        Number.POSITIVE_INFINITY,
        Number.NEGATIVE_INFINITY,
      ],
    ],
    ['a_numeric', ['0', '-1.50', '1234567890123456789012345678901234567890', `0.${'0'.repeat(39)}1`]],
    ['a_boolean', [true, false]],
    [
      'a_text',
      ['', ' ', '𝒳 é ß', 'quote \' " \\ back', '\n\t\u{1}', '{"looks": "json"}', 'x'.repeat(100_000)],
    ],
    ['a_uuid', ['00000000-0000-0000-0000-000000000000', '123e4567-e89b-12d3-a456-426614174000']],
    ['a_date', ['0001-01-01', '1582-10-10', '1970-01-01', '2024-02-29', '9999-12-31']],
    [
      'a_timestamptz',
      [
        new Date(0),
        new Date(-1),
        new Date('2024-03-31T01:30:00.123Z'),
        new Date('0001-01-01T00:00:00.000Z'),
        new Date('0000-12-31T23:59:59.999Z'),
        new Date('-000043-03-15T12:00:00.001Z'),
        new Date(Date.UTC(-4713, 10, 24)),
        new Date('+010000-01-01T00:00:00.000Z'),
        new Date(8.64e15),
      ],
    ],
    ['a_json', [{ b: 1, a: ['1', '1.0', null, { deep: [[]] }] }, [1, 2], [], {}]],
    ['a_jsonb', [{ a: ['1', '1.0', null, { deep: [[]] }] }, [1, 2], [], {}]],
    ['a_bytea', [new Uint8Array(), new Uint8Array([0, 255, 92, 39]), big]],
  ])('%s', async (column, values) => {
    const { run, rows } = await open();
    for (const value of values) {
      await run('truncate held');
      await run(`insert into held (${column}) values ($1)`, [value], { access: 'write' });
      expect(await rows(`select ${column} as value from held`, [], { access: 'read' })).toStrictEqual([
        { value },
      ]);
      expect(await rows(`update held set ${column} = ${column} returning ${column} as value`)).toStrictEqual([
        { value },
      ]);
    }
  });
});

test('gives null for every type', async () => {
  const { run, rows } = await open();
  await run('truncate held');
  await run('insert into held default values');
  const [row = {}] = await rows('select * from held');
  expect(Object.values(row)).toEqual(Array(14).fill(null));
});

test('gives bytes as a plain Uint8Array with memory of its own', async () => {
  const { rows } = await open();
  const [row] = await rows(`select '\\x0102'::bytea as bytes`);
  const bytes = row?.bytes;
  expect(bytes).not.toBeInstanceOf(Buffer);
  expect(bytes instanceof Uint8Array && bytes.buffer.byteLength).toBe(2);
});

test('gives a computed bigint as a number while it is exact', async () => {
  const { run, rows } = await open();
  await run('truncate held');
  await run('insert into held (a_bigint) values (5)');
  const [row] =
    await rows(`select count(*) as n, a_bigint, a_bigint + 1 as next, 9007199254740993::bigint as far,
    sum(a_bigint) as sum, avg(a_bigint) as average from held group by a_bigint`);
  expect(row).toEqual({
    n: 1,
    a_bigint: 5n,
    next: 6,
    far: 2n ** 53n + 1n,
    sum: '5',
    average: '5.0000000000000000',
  });
});

test('reads a time in whatever zone the session was put', async () => {
  const { database } = await open();
  const transaction = await database.begin({ access: 'read' });
  const read = (sql: string) => transaction.execute({ sql, parameters: [], access: 'unknown' }, {});
  await read("set local timezone = 'Asia/Kolkata'");
  const { rows } = await read(
    "select '2024-01-01 00:00:00.5Z'::timestamptz as t, '1890-01-01Z'::timestamptz as old",
  );
  expect(rows).toEqual([{ t: new Date('2024-01-01T00:00:00.500Z'), old: new Date('1890-01-01T00:00:00Z') }]);
  await transaction.rollback();
});

test('cuts a time to the millisecond, computed or stored', async () => {
  const { run, rows } = await open();
  await run('truncate held');
  expect(await rows("select '2024-01-01 00:00:00.123999Z'::timestamptz as t")).toEqual([
    { t: new Date('2024-01-01T00:00:00.123Z') },
  ]);
  await run("insert into held (exact_timestamptz) values ('2024-01-01 00:00:00.123Z')");
  expect(await rows('select exact_timestamptz as t from held')).toEqual([
    { t: new Date('2024-01-01T00:00:00.123Z') },
  ]);
  await run("update held set exact_timestamptz = '2024-01-01 00:00:00.123456Z'");
  expect(await rows('select exact_timestamptz as t from held')).toEqual([
    { t: new Date('2024-01-01T00:00:00.123Z') },
  ]);
});

test.each([
  "'infinity'::timestamptz",
  "'-infinity'::date",
  "'0044-03-15 BC'::date",
  "'294276-01-01Z'::timestamptz",
])('refuses to read %s', async (expression) => {
  const { rows } = await open();
  const error = await rejection(rows(`select ${expression} as value`));
  expect(error).toBeInstanceOf(ValueError);
  expect(error).toMatchObject({ column: 'value' });
});

test.each([
  ['NaN', Number.NaN],
  ['-0', -0],
  ['an invalid Date', new Date(Number.NaN)],
  ['U+0000', 'a\0b'],
  ['half of a surrogate pair', '\uD800'],
  ['a function', () => 1],
  ['a bigint inside JSON', { big: 1n }],
  ['an ArrayBuffer', new ArrayBuffer(1)],
  ['a Float64Array', new Float64Array(1)],
])('refuses %s as a parameter', async (_, value) => {
  const { rows } = await open();
  expect(await rejection(rows('select $1::text as value', [value]))).toBeInstanceOf(ValueError);
});

test('refuses undefined as a parameter', async () => {
  const { rows } = await open();
  expect(await rejection(rows('select $1::text as value', [undefined]))).toBeInstanceOf(UsageError);
});

test('binds objects and arrays as JSON', async () => {
  const { rows } = await open();
  expect(await rows('select $1::jsonb as a, $2::jsonb as b', [{ x: [1] }, ['1', 2]])).toEqual([
    { a: { x: [1] }, b: ['1', 2] },
  ]);
});

test('refuses more parameters than the protocol counts', async () => {
  const { database, rows } = await open();
  expect(database.capabilities.maxParameters).toBe(65_535);
  const parameters = Array(65_536).fill(1);
  expect(await rejection(rows('select 1', parameters))).toMatchObject({ code: 'unsupported' });
  const list = Array.from({ length: 65_535 }, (_, index) => `$${index + 1}::int`).join(',');
  expect(await rows(`select count(*) as n from unnest(array[${list}])`, parameters.slice(1))).toEqual([
    { n: 65_535 },
  ]);
});

test('keeps a column named __proto__ as a column', async () => {
  const { rows } = await open();
  const [row] = await rows('select 1 as "__proto__"');
  expect(Object.keys(row ?? {})).toEqual(['__proto__']);
});

test('gives types outside the contract as PostgreSQL writes them, and arrays of its own types as arrays', async () => {
  const { rows } = await open();
  expect(await rows("select '1 day'::interval as i, '{1,2}'::int[] as a, '12:00'::time as t")).toEqual([
    { i: '1 day', a: [1, 2], t: '12:00:00' },
  ]);
});

test('an int8 that no column gives is a number while it is exact, wherever it comes from', async () => {
  const { run, rows } = await openDatabase();
  await run('create table big (id bigint primary key)');
  await run('insert into big values (1), (9007199254740993)');
  const read = async (sql: string) => (await rows(sql)).flatMap(Object.values);
  expect(await read('select id from big order by id')).toEqual([1n, 9_007_199_254_740_993n]);
  expect(await read('select inner_big.id from (select id from big) inner_big order by 1')).toEqual([
    1n,
    9_007_199_254_740_993n,
  ]);
  expect(await read('select (select id from big order by id limit 1)')).toEqual([1]);
  expect(await read('select (select id from big order by id desc limit 1)')).toEqual([
    9_007_199_254_740_993n,
  ]);
  expect(await read('select id from big union select id from big order by 1')).toEqual([
    1,
    9_007_199_254_740_993n,
  ]);
  expect(await read('select id + 0 from big order by id')).toEqual([1, 9_007_199_254_740_993n]);
  expect(await read('select count(*) from big union all select id from big order by 1')).toEqual([
    1,
    2,
    9_007_199_254_740_993n,
  ]);
  expect(await read('select (select count(*) from big)')).toEqual([2]);
  expect(await read('with c as (select id from big) select id from c order by id')).toEqual([
    1n,
    9_007_199_254_740_993n,
  ]);
});
