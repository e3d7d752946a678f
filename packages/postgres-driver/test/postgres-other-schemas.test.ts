import { rejection } from '@sluice/testkit/driver-tests';
import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { openDatabase } from './opened-database.js';
import { type AnyTables, openTables } from './opened-storage.js';

/** A database as others make them: tables of one name in two schemas, one of them outside of the search path. */
const SCHEMA = [
  'create schema billing',
  'create table billing.invoice (id bigint primary key, total numeric(10, 2) not null, paid_at timestamptz(3), payload jsonb)',
  `insert into billing.invoice values (1, 12.5, '2024-02-03 04:05:06.789+00', '{"a": [1]}')`,
  'create table invoice (id bigint primary key, total text not null)',
  `insert into invoice values (1, 'ours')`,
  'create table billing."odd.name" (id integer primary key)',
];

test('a repository reads and writes a table of another schema, with its types', async () => {
  const { storage } = await openTables<AnyTables>(SCHEMA);
  const invoices = storage.repository('billing.invoice', { key: 'id' });
  const row = { id: 1n, total: '12.50', paid_at: new Date('2024-02-03T04:05:06.789Z'), payload: { a: [1] } };
  expect(await invoices.get(1n)).toEqual(row);
  expect(await Promise.all([invoices.get(1n), invoices.get(2n), invoices.get(1n)])).toEqual([
    row,
    undefined,
    row,
  ]);
  expect(await invoices.insert({ id: 2n, total: '7', payload: [true] })).toMatchObject({
    total: '7.00',
    payload: [true],
  });
  await Promise.all([3n, 4n, 5n].map((id) => invoices.insert({ id, total: '1' })));
  expect(await invoices.update(2n, { total: '8.10' })).toMatchObject({ total: '8.10' });
  expect(await invoices.upsert({ id: 2n, total: '8.20' })).toMatchObject({ total: '8.20' });
  expect(await invoices.find({ where: { total: { gt: '8' } }, orderBy: { id: 'asc' } })).toHaveLength(2);
  expect(await invoices.find({ where: (eb) => eb('total', '=', '8.2') })).toHaveLength(1);
  await invoices.insertMany(
    Array.from({ length: 300 }, (_, index) => ({ id: BigInt(100 + index), total: '3' })),
  );
  expect(await invoices.count()).toBe(305);
  expect(await invoices.delete(2n)).toBe(true);
  expect(await rejection(invoices.insert({ id: 9n, total: '1.234' }))).toMatchObject({
    code: 'invalid_value',
  });
  expect(await storage.repository('invoice', { key: 'id' }).find()).toEqual([{ id: 1n, total: 'ours' }]);
  await storage.write(async (tx) => {
    await tx.repository('billing.invoice', { key: 'id' }).insert({ id: 6n, total: '2' });
  });
  expect(await invoices.has(6n)).toBe(true);
});

test('a table of the search path may be named with its schema too', async () => {
  const { storage } = await openTables<AnyTables>(SCHEMA);
  const named = storage.repository('public.invoice', { key: 'id' });
  expect(await named.get(1n)).toEqual({ id: 1n, total: 'ours' });
  const insertion = storage.kysely.insertInto('public.invoice').values({ id: 2n ** 63n, total: 'x' });
  expect(await rejection(insertion.execute())).toMatchObject({ code: 'invalid_value' });
});

test('plain queries on another schema follow the types of its tables', async () => {
  const { storage } = await openTables<AnyTables>(SCHEMA);
  const { kysely } = storage;
  expect(await kysely.selectFrom('billing.invoice').selectAll().execute()).toHaveLength(1);
  expect(await kysely.withSchema('billing').selectFrom('invoice').select('total').execute()).toEqual([
    { total: '12.50' },
  ]);
  const values = { id: 2n, total: '1.234', payload: 'text' };
  const refused = kysely.insertInto('billing.invoice').values(values).execute();
  expect(await rejection(refused)).toMatchObject({ code: 'invalid_value' });
  // A text is JSON here, not the text of a JSON value.
  await kysely
    .insertInto('billing.invoice')
    .values({ ...values, total: '1.2' })
    .execute();
  const { payload } = await kysely
    .selectFrom('billing.invoice')
    .select('payload')
    .where('id', '=', 2n)
    .executeTakeFirstOrThrow();
  expect(payload).toBe('text');
  const joined = await kysely
    .selectFrom('billing.invoice')
    .innerJoin('public.invoice', 'public.invoice.id', 'billing.invoice.id')
    .select(['billing.invoice.total', 'public.invoice.total as ours'])
    .where('billing.invoice.total', '=', '12.5')
    .execute();
  expect(joined).toEqual([{ total: '12.50', ours: 'ours' }]);
});

test('a table of another schema that is changed elsewhere is read again', async () => {
  const { storage, url } = await openTables<AnyTables>(SCHEMA);
  const invoices = storage.repository('billing.invoice', { key: 'id' });
  await invoices.get(1n);
  const { run } = await openDatabase({ url });
  await run('alter table billing.invoice add column note jsonb');
  expect(await invoices.insert({ id: 2n, total: '1', note: { b: 2 } })).toMatchObject({ note: { b: 2 } });
  await sql`alter table billing.invoice drop column note`.execute(storage.kysely);
  expect(await invoices.get(1n)).not.toHaveProperty('note');
  expect(await rejection(storage.repository('billing.absent', { key: 'id' }).find())).toMatchObject({
    code: 'unknown_table',
  });
});

test('names follow camelCase in every schema', async () => {
  const { url } = await openTables<AnyTables>([
    'create schema sales_data',
    'create table sales_data.line_item (item_id integer primary key, unit_price numeric not null)',
  ]);
  const { openStorage } = await import('@sluice/core');
  const { postgres } = await import('@sluice/postgres-driver');
  await using storage = await openStorage<AnyTables>({ url, drivers: [postgres()], camelCase: true });
  const items = storage.repository('salesData.lineItem', { key: 'itemId' });
  expect(await items.insert({ itemId: 1, unitPrice: '2.5' })).toEqual({ itemId: 1, unitPrice: '2.5' });
  expect(await storage.kysely.selectFrom('salesData.lineItem').select('unitPrice').execute()).toEqual([
    { unitPrice: '2.5' },
  ]);
});

test('the catalog has other schemas where they are asked for', async () => {
  const { url } = await openTables<AnyTables>(SCHEMA);
  const { database } = await openDatabase({ url });
  expect([...(await database.catalog()).keys()]).toEqual(['invoice']);
  const catalog = await database.catalog({ schemas: ['billing'] });
  expect([...catalog.keys()].sort()).toEqual(['billing.invoice', 'billing.odd.name', 'invoice']);
  expect(catalog.get('billing.invoice')).toMatchObject({
    place: { schema: 'billing', table: 'invoice' },
    primaryKey: ['id'],
  });
});

/** Types that the contract does not have. */
const ZOO = [
  `create type mood as enum ('sad', 'it''s ok', 'happy')`,
  'create type pair as (a integer, b text)',
  'create domain positive as integer check (value > 0)',
  `create domain label as text not null default 'none'`,
  'create domain deep as positive',
  `create table zoo (id integer generated always as identity primary key, mood mood, moods mood[], span interval, at time, address inet,
     price money, range int4range, bits bit(3), doc xml, place point, pair pair, ratio real, code char(4), ref uuid,
     amount positive, name label, depth deep, twice integer generated always as (amount * 2) stored)`,
  "create view cheerful as select id, mood, amount from zoo where mood = 'happy'",
];

const TEXTS = {
  mood: "it's ok",
  moods: '{sad,happy}',
  span: '1 mon 2 days 03:04:05.600001',
  at: '04:05:06.000007',
  address: '10.0.0.1/8',
  price: '$1.50',
  range: '[1,5)',
  bits: '101',
  doc: '<a>b</a>',
  place: '(1.5,2)',
  pair: '(1,"x y")',
  code: 'ab  ',
};

test('what the contract has no type for is text both ways, unchanged', async () => {
  const { storage } = await openTables<AnyTables>(ZOO);
  const zoo = storage.repository('zoo', { key: 'id' });
  const stored = await zoo.insert(TEXTS);
  expect(stored).toMatchObject(TEXTS);
  const { id: _, twice: __, ...again } = stored;
  expect(await zoo.insert(again)).toMatchObject(TEXTS);
  await zoo.insertMany(Array.from({ length: 250 }, () => again));
  const rows = await storage.kysely
    .selectFrom('zoo')
    .selectAll()
    .where('address', '=', '10.0.0.1/8')
    .execute();
  expect(rows).toHaveLength(252);
  expect(rows.at(-1)).toMatchObject(TEXTS);
  expect(await zoo.find({ where: { mood: "it's ok", span: TEXTS.span }, limit: 1 })).toHaveLength(1);
  expect(await zoo.updateMany({ where: { id: 1 } }, { span: stored.span, mood: 'happy' })).toBe(1);
  expect(await rejection(zoo.insert({ mood: 'bored' }))).toMatchObject({ code: 'invalid_value' });
});

test('domains have the type below them; identity and generated columns, real and uuid keep their values', async () => {
  const { storage } = await openTables<AnyTables>(ZOO);
  const zoo = storage.repository('zoo', { key: 'id' });
  const ref = 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11';
  const row = await zoo.insert({ amount: 5, depth: 6, ratio: 0.1, ref });
  expect(row).toMatchObject({
    id: 1,
    amount: 5,
    depth: 6,
    twice: 10,
    name: 'none',
    ratio: 0.1,
    ref: ref.toLowerCase(),
  });
  expect(await zoo.find({ where: { ratio: 0.1, ref, amount: { in: [5] } } })).toHaveLength(1);
  expect(await rejection(zoo.insert({ amount: '5' }))).toMatchObject({ code: 'invalid_value' });
  expect(await rejection(zoo.insert({ amount: 0 }))).toMatchObject({ code: 'check_violation' });
  expect(await rejection(zoo.insert({ twice: 4 }))).toMatchObject({ code: expect.any(String) });
});

test('a view is read by the key that the application names', async () => {
  const { storage } = await openTables<AnyTables>(ZOO);
  await storage.repository('zoo', { key: 'id' }).insert({ mood: 'happy', amount: 3 });
  const cheerful = storage.repository('cheerful', { key: 'id' });
  expect(await cheerful.get(1)).toEqual({ id: 1, mood: 'happy', amount: 3 });
  expect(await cheerful.page({ size: 10 })).toMatchObject({ rows: [{ id: 1 }] });
  expect(await cheerful.find({ where: { amount: { gt: 2 } } })).toHaveLength(1);
});
