import { UniqueViolationError, UsageError } from '@sluice/core';
import { rejection } from '@sluice/testkit/driver-tests';
import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { openTables } from './opened-storage.js';

interface Specimen {
  readonly id: number;
  readonly name: string | null;
  readonly tags: unknown;
  readonly picture: Uint8Array | null;
  readonly taken: Date | null;
  readonly price: string | null;
  readonly isKept: boolean | null;
  readonly bytes: bigint | null;
}

interface Tables {
  readonly specimen: Specimen;
  readonly numbered: { readonly id: number; readonly n: number };
}

const SCHEMA = [
  `create table specimen (id integer primary key, name text, tags jsonb, picture bytea, taken timestamptz(3), price numeric(10, 2),
    "isKept" boolean, bytes bigint)`,
];

const TEXTS = [
  'tab\there',
  'line\nbreak\r\n',
  'back\\slash \\N \\.',
  '"quotes" and {braces, commas}',
  '',
  'NULL',
  'ünïcødé 🎉',
  null,
];

function specimenOf(id: number): Specimen {
  const isEmpty = id % 7 === 0;
  return {
    id,
    name: TEXTS[id % TEXTS.length] ?? null,
    tags: isEmpty ? null : { text: TEXTS[id % TEXTS.length], list: [1, null, 'a\\"b'] },
    picture: isEmpty ? null : new Uint8Array([0, 92, 9, 10, 255, id % 256]),
    taken: isEmpty ? null : new Date(Date.UTC(2024, 0, 1) + id),
    price: isEmpty ? null : `${id}.50`,
    isKept: isEmpty ? null : id % 2 === 0,
    bytes: isEmpty ? null : 9_007_199_254_740_993n + BigInt(id),
  };
}

const rowsOf = (count: number): Specimen[] =>
  Array.from({ length: count }, (_, index) => specimenOf(index + 1));

test.each([2, 50, 199, 200, 999, 2500])('stores %d rows as they are', async (count) => {
  const { storage } = await openTables<Tables>(SCHEMA);
  const specimens = storage.repository('specimen', { key: 'id' });
  expect(await specimens.insertMany(rowsOf(count))).toBe(count);
  expect(await specimens.find({ orderBy: { id: 'asc' } })).toEqual(rowsOf(count));
});

test('loads rows from an iterable as they are, batch by batch', async () => {
  const { storage } = await openTables<Tables>(SCHEMA);
  const specimens = storage.repository('specimen', { key: 'id' });
  expect(await specimens.load(rowsOf(1200))).toMatchObject({ rows: 1200, batches: 3 });
  expect(await specimens.find({ orderBy: { id: 'asc' } })).toEqual(rowsOf(1200));
});

test('stores nothing of many rows when one is refused, and names what refused it', async () => {
  const { storage } = await openTables<Tables>(SCHEMA);
  const specimens = storage.repository('specimen', { key: 'id' });
  const rows = [...rowsOf(1500), specimenOf(700)];
  const error = await rejection(specimens.insertMany(rows));
  expect(error).toBeInstanceOf(UniqueViolationError);
  expect(error).toMatchObject({ table: 'specimen', columns: ['id'], operation: 'specimen.insertMany' });
  expect(await specimens.count()).toBe(0);
});

test('goes on after it was refused in a savepoint', async () => {
  const { storage } = await openTables<Tables>(SCHEMA);
  await storage.write(async (tx) => {
    const specimens = tx.repository('specimen', { key: 'id' });
    await specimens.insertMany(rowsOf(300));
    await rejection(
      tx.savepoint((inner) => inner.repository('specimen', { key: 'id' }).insertMany(rowsOf(400))),
    );
    await specimens.insert(specimenOf(1000));
  });
  expect(await storage.repository('specimen', { key: 'id' }).count()).toBe(301);
});

test('refuses to write into an identity that is always generated, however many rows there are', async () => {
  const { storage } = await openTables<Tables>([
    'create table numbered (id integer generated always as identity primary key, n integer)',
  ]);
  const numbered = storage.repository('numbered', { key: 'id' });
  const rows = Array.from({ length: 500 }, (_, n) => ({ id: n + 1, n }));
  expect(await rejection(numbered.insertMany(rows))).toBeInstanceOf(UsageError);
  expect(await numbered.count()).toBe(0);
  expect(await numbered.insertMany(rows.map(({ n }) => ({ n })) as never)).toBe(500);
});

test('lets the rules of a table act on many rows as on one', async () => {
  const { storage } = await openTables<Tables>([
    ...SCHEMA,
    'create table copies (id integer)',
    'create rule copying as on insert to specimen do also insert into copies values (new.id)',
  ]);
  await storage.repository('specimen', { key: 'id' }).insertMany(rowsOf(500));
  const { rows } = await sql<{ n: number }>`select count(*) as n from copies`.execute(storage.kysely);
  expect(rows).toEqual([{ n: 500 }]);
});

test('stores the same numbers in a column that another process altered meanwhile', async () => {
  const { storage, url } = await openTables<{ counted: { readonly id: number; readonly n: bigint } }>([
    'create table counted (id integer primary key, n bigint)',
  ]);
  const counted = storage.repository('counted', { key: 'id' });
  expect(await counted.count()).toBe(0);
  await openTables(['alter table counted alter n type double precision'], { url });
  await counted.insertMany(Array.from({ length: 300 }, (_, index) => ({ id: index, n: 7n })));
  const { rows } = await sql<{ n: string; rows: number }>`
    select n::text as n, count(*)::integer as rows from counted group by n`.execute(storage.kysely);
  expect(rows).toEqual([{ n: '7', rows: 300 }]);
});

interface Extreme {
  readonly id: number;
  readonly small: number;
  readonly whole: number;
  readonly big: bigint;
  readonly real: number;
  readonly exact: string;
  readonly moment: Date;
  readonly day: string;
  readonly key: string;
  readonly doc: unknown;
  readonly label: string;
}

const EXTREMES: readonly Omit<Extreme, 'id'>[] = [
  {
    small: -32_768,
    whole: -2_147_483_648,
    big: -9_223_372_036_854_775_808n,
    real: -Number.MAX_VALUE,
    exact: `-${'9'.repeat(40)}.${'9'.repeat(40)}`,
    moment: new Date('0001-01-01T00:00:00.000Z'),
    day: '0001-01-01',
    key: '00000000-0000-0000-0000-000000000000',
    doc: { a: [] },
    label: '',
  },
  {
    small: 32_767,
    whole: 2_147_483_647,
    big: 9_223_372_036_854_775_807n,
    real: Number.MIN_VALUE,
    exact: '0.00001000',
    moment: new Date('9999-12-31T23:59:59.999Z'),
    day: '9999-12-31',
    key: 'ffffffff-ffff-ffff-ffff-ffffffffffff',
    doc: 'text',
    label: 'ünïcødé 🎉',
  },
  {
    small: 0,
    whole: -1,
    big: -999_999_999_999_999_999n,
    real: 0.1,
    exact: '10000',
    moment: new Date('1969-12-31T23:59:59.999Z'),
    day: '2024-02-29',
    key: '123e4567-e89b-12d3-a456-426614174000',
    doc: 1.5,
    label: '\t',
  },
];

test.each([
  ['in binary', 300, undefined],
  ['as text, for a moment that only text can hold', 300, 299],
  ['in binary, and as text from the first such moment on, in a transaction', 1500, 600],
])('copies the ends of every range as single inserts store them: %s', async (_, count, onlyTextAt) => {
  const columns = `(id integer primary key, small smallint, whole integer, big bigint, real double precision, exact numeric,
    moment timestamptz, day date, key uuid, doc json, label varchar(20))`;
  const { storage } = await openTables<{ many: Extreme; single: Extreme }>([
    `create table many ${columns}`,
    `create table single ${columns}`,
  ]);
  const rows = Array.from({ length: count }, (_unused, id) => ({
    ...(EXTREMES[id % EXTREMES.length] as Extreme),
    id,
    ...(id === onlyTextAt ? { moment: new Date('+020000-01-01T00:00:00.000Z') } : {}),
  }));
  expect(await storage.repository('many', { key: 'id' }).insertMany(rows)).toBe(count);
  for (const row of rows) await storage.repository('single', { key: 'id' }).insert(row);
  const { rows: differences } = await sql`
    select many::text from many except all select single::text from single`.execute(storage.kysely);
  expect(differences).toEqual([]);
  expect(await storage.repository('many', { key: 'id' }).count()).toBe(count);
});
