import { randomBytes } from 'node:crypto';
import { UnsupportedError, ValueError } from '@sluice/core';
import { rejection } from '@sluice/testkit/driver-tests';
import { sql } from 'kysely';
import { describe, expect, test } from 'vitest';
import { openTables } from './opened-storage.js';

interface DB {
  kv: { key: Uint8Array; value: string | null; n: number | null };
  Doc: { id: number; title: string | null; body: string | null };
}

const SCHEMA = [
  'create table kv (key bytea primary key, value text, n integer)',
  'create table "Doc" (id integer primary key, title text, body text)',
  'create index doc_title on "Doc" (title, id)',
];

const key = (bytes: number): Uint8Array => new Uint8Array(randomBytes(bytes));
const text = (bytes: number): string =>
  randomBytes(bytes)
    .toString('latin1')
    .replaceAll(/[^!-~]/g, 'x');

describe('a key that is too long for its index', () => {
  test('is refused as a value, with the column, the index and the limit', async () => {
    const { storage } = await openTables<DB>(SCHEMA);
    const kv = storage.repository('kv', { key: 'key' });
    await kv.insert({ key: key(2692), value: 'fits', n: null });
    const error = await rejection(kv.insert({ key: key(2693), value: 'x', n: null }));
    expect(error).toBeInstanceOf(ValueError);
    expect(error).toMatchObject({ code: 'invalid_value', retryable: false, table: 'kv', column: 'key' });
    expect(error).toMatchObject({ cause: { code: '54000' } });
    expect(String(error)).toContain('the index "kv_pkey" of "kv" (key)');
    expect(String(error)).toContain('2,704 bytes');
    expect(await kv.count()).toBe(1);
  });

  test('also beyond a page, where PostgreSQL does not name the index', async () => {
    const { storage } = await openTables<DB>(SCHEMA);
    const kv = storage.repository('kv', { key: 'key' });
    const docs = storage.repository('Doc', { key: 'id' });
    await docs.insert({ id: 1, title: null, body: null });
    const ways: readonly [table: string, column: string, () => Promise<unknown>][] = [
      ['kv', 'key', () => kv.insert({ key: key(9000), value: 'x', n: null })],
      ['kv', 'key', () => kv.upsert({ key: key(9000), value: 'x', n: null })],
      ['kv', 'key', () => kv.load([{ key: key(9000), value: 'x', n: null }])],
      [
        'kv',
        'key',
        () =>
          kv.insertMany(
            Array.from({ length: 300 }, (_, n) => ({ key: key(n < 299 ? 9 : 9000), value: 'x', n })),
          ),
      ],
      ['Doc', 'title', () => docs.update(1, { title: text(20_000) })],
      [
        'Doc',
        'title',
        () => storage.write((tx) => tx.repository('Doc', { key: 'id' }).update(1, { title: text(20_000) })),
      ],
      ['Doc', 'title', () => sql`update only "Doc" set title = ${text(20_000)}`.execute(storage.kysely)],
    ];
    for (const [table, column, way] of ways) {
      const error = await rejection(way());
      expect(error).toMatchObject({ code: 'invalid_value', table, column });
      expect(String(error)).toContain(`of "${table}" (${column})`);
    }
    expect([await kv.count(), await docs.get(1)]).toEqual([0, { id: 1, title: null, body: null }]);
  });

  test('does not touch the inserts that share its statement', async () => {
    const { storage } = await openTables<DB>(SCHEMA);
    const kv = storage.repository('kv', { key: 'key' });
    const results = await Promise.allSettled(
      Array.from({ length: 40 }, (_, n) => kv.insert({ key: key(n === 7 ? 3000 : 10), value: 'x', n })),
    );
    expect(results.flatMap(({ status }, n) => (status === 'rejected' ? [n] : []))).toEqual([7]);
    expect(await kv.count()).toBe(39);
  });

  test('is told by the columns alone when several indexes come into question', async () => {
    const { storage } = await openTables<DB>([...SCHEMA, 'create index doc_body on "Doc" (body)']);
    const docs = storage.repository('Doc', { key: 'id' });
    const error = await rejection(docs.insert({ id: 1, title: null, body: text(20_000) }));
    expect(error).toMatchObject({ code: 'invalid_value', table: 'Doc', column: undefined });
    expect(String(error)).toContain('an index of "Doc" (body, title)');
  });

  test('may be longer where it can be compressed, and is found by its value', async () => {
    const { storage } = await openTables<DB>(SCHEMA);
    const kv = storage.repository('kv', { key: 'key' });
    const long = new Uint8Array(50_000);
    await kv.insert({ key: long, value: 'zeros', n: null });
    expect(await kv.get(long)).toMatchObject({ value: 'zeros' });
    expect(await kv.get(key(50_000))).toBeUndefined();
  });
});

test('another limit of PostgreSQL is told by its own words', async () => {
  const { storage } = await openTables<DB>([]);
  const columns = Array.from({ length: 1600 }, (_, n) => `c${n} text default repeat('x', 20)`);
  await sql.raw(`create table wide (${columns.join(', ')})`).execute(storage.kysely);
  const error = await rejection(sql`insert into wide default values`.execute(storage.kysely));
  expect(error).toBeInstanceOf(UnsupportedError);
  expect(String(error)).toMatch(/A limit of PostgreSQL is exceeded: row is too big/);
});
