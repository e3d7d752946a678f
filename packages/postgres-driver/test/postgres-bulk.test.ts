import { UniqueViolationError, UsageError } from '@sluice/core';
import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { rejection } from './opened-database.js';
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
