import { openStorage, type Storage } from '@sluice/core';
import { postgres } from '@sluice/postgres-driver';
import { rejection } from '@sluice/testkit/driver-tests';
import { type Expression, type ExpressionBuilder, type SqlBool, sql } from 'kysely';
import { expect, test } from 'vitest';
import { type AnyTables, openTables } from './opened-storage.js';

/** Times as PostgreSQL's own `now()` stores them, before and after 1970, in both of its types. */
const SCHEMA = [
  'create table event (id serial primary key, name text, at timestamptz not null default now(), local timestamp)',
  `insert into event (name, at, local) values
     ('a', '2024-02-03 04:05:06.789123+00', '2024-02-03 04:05:06.789999'), ('b', '2024-02-03 04:05:06.789001+00', null),
     ('c', '2024-02-03 04:05:06.79+00', '1969-12-31 23:59:59.999001'), ('d', '1969-12-31 23:59:59.999999+00', '0044-03-15 12:00:00.5 BC')`,
  'create index on event (at)',
];

const AT = new Date('2024-02-03T04:05:06.789Z');

async function texts({ kysely }: Storage<AnyTables>): Promise<unknown[]> {
  const { rows } = await sql<{
    at: string;
    local: string;
  }>`select at::text, local::text from event order by id`.execute(kysely);
  return rows.map(({ at, local }) => [at, local]);
}

test('a time with microseconds is read as the Date of its millisecond, however it is written', async () => {
  const { storage } = await openTables<AnyTables>(SCHEMA);
  const events = storage.repository('event', { key: 'id' });
  expect(await events.get(1)).toEqual({ id: 1, name: 'a', at: AT, local: AT });
  expect((await events.get(4))?.at).toEqual(new Date('1969-12-31T23:59:59.999Z'));
  expect((await events.get(3))?.local).toEqual(new Date('1969-12-31T23:59:59.999Z'));
  expect((await events.get(4))?.local).toEqual(new Date('-000043-03-15T12:00:00.500Z'));
  const inserted = await events.insert({ name: 'now' });
  expect(inserted.at).toBeInstanceOf(Date);
  expect(
    await storage.kysely
      .insertInto('event')
      .values({ name: 'x', local: AT })
      .returningAll()
      .executeTakeFirst(),
  ).toMatchObject({ local: AT });
  await events.insertMany(Array.from({ length: 250 }, (_, n) => ({ name: `n${n}`, at: AT, local: AT })));
  expect(await events.count({ where: { at: AT, local: AT } })).toBe(251);
});

test('an update of another column leaves the microseconds', async () => {
  const { storage } = await openTables<AnyTables>(SCHEMA);
  const events = storage.repository('event', { key: 'id' });
  const before = await texts(storage);
  expect(await events.update(1, { name: 'z' })).toMatchObject({ name: 'z', at: AT });
  await events.updateMany({ where: { at: AT } }, { name: 'y' });
  await events.upsert({ id: 2, name: 'w' });
  await storage.kysely.updateTable('event').set({ name: 'v' }).where('at', '=', AT).execute();
  expect(await texts(storage)).toEqual(before);
});

/** What a Date finds, by each comparison: all rows whose own Date compares so. */
const MATCHES: readonly (readonly [where: Readonly<Record<string, unknown>>, names: readonly string[]])[] = [
  [{ at: AT }, ['a', 'b']],
  [{ at: { ne: AT } }, ['c', 'd']],
  [{ at: { gt: AT } }, ['c']],
  [{ at: { gte: AT } }, ['a', 'b', 'c']],
  [{ at: { lt: AT } }, ['d']],
  [{ at: { lte: AT } }, ['a', 'b', 'd']],
  [{ at: { between: [AT, AT] } }, ['a', 'b']],
  [{ at: { in: [AT, new Date(-1)] } }, ['a', 'b', 'd']],
  [{ at: { in: [] } }, []],
  [{ at: { notIn: [AT] } }, ['c', 'd']],
  [{ local: AT }, ['a']],
  [{ local: new Date(-1) }, ['c']],
];

test('equality, and every other comparison, is that of the Dates', async () => {
  const { storage } = await openTables<AnyTables>(SCHEMA);
  const events = storage.repository('event', { key: 'id' });
  for (const [where, names] of MATCHES) {
    const found = await events.find({ where, orderBy: { id: 'asc' } });
    expect(
      found.map(({ name }) => name),
      JSON.stringify(where),
    ).toEqual(names);
  }
  const named = (
    operator: '=' | '!=' | '<' | '<=' | '>' | '>=' | 'in' | 'not in',
    value: Date | readonly Date[],
  ) =>
    storage.kysely
      .selectFrom('event')
      .select('name')
      .where('event.at', operator, value)
      .orderBy('id')
      .execute();
  for (const [operator, value, names] of [
    ['=', AT, ['a', 'b']],
    ['!=', AT, ['c', 'd']],
    ['>', AT, ['c']],
    ['<=', AT, ['a', 'b', 'd']],
    ['>=', AT, ['a', 'b', 'c']],
    ['<', AT, ['d']],
    ['in', [AT, new Date(-1)], ['a', 'b', 'd']],
    ['not in', [AT], ['c', 'd']],
  ] as const)
    expect(
      (await named(operator, value)).map(({ name }) => name),
      operator,
    ).toEqual(names);
  const between = storage.kysely
    .selectFrom('event')
    .select('name')
    .where((eb) => eb.between('at', AT, AT))
    .orderBy('id');
  expect((await between.execute()).map(({ name }) => name)).toEqual(['a', 'b']);
  expect(await events.find({ where: (eb) => eb('at', '=', AT) })).toHaveLength(2);
  expect(await rejection(events.find({ where: { at: { gt: 'soon' } } }))).toMatchObject({
    code: 'invalid_value',
  });
});

interface EventTables {
  readonly event: {
    readonly id: number;
    readonly name: string;
    readonly at: Date;
    readonly local: Date | null;
  };
}

/** Comparisons that are more than one between a column and a value, by the names that they find. */
const EXPRESSIONS: readonly (readonly [
  what: string,
  where: (eb: ExpressionBuilder<EventTables, 'event'>) => Expression<SqlBool>,
  names: readonly string[],
])[] = [
  ['not between', (eb) => eb.not(eb.between('at', AT, AT)), ['c', 'd']],
  ['between symmetric', (eb) => eb.betweenSymmetric('at', AT, new Date(-1)), ['a', 'b', 'd']],
  ['a value on the left, =', (eb) => eb(eb.val(AT), '=', eb.ref('at')), ['a', 'b']],
  ['a value on the left, <', (eb) => eb(eb.val(AT), '<', eb.ref('at')), ['c']],
  ['a value on the left, >=', (eb) => eb(eb.val(AT), '>=', eb.ref('at')), ['a', 'b', 'd']],
  ['a value on the left, >', (eb) => eb(eb.val(AT), '>', eb.ref('at')), ['d']],
  ['is distinct from', (eb) => eb('local', 'is distinct from', AT), ['b', 'c', 'd']],
  ['is not distinct from', (eb) => eb('local', 'is not distinct from', AT), ['a']],
  ['in, with NULL', (eb) => eb('at', 'in', [AT, null]), ['a', 'b']],
  ['coalesce', (eb) => eb(eb.fn.coalesce('local', 'at'), '=', AT), ['a', 'b']],
  ['coalesce, >', (eb) => eb(eb.fn.coalesce('local', 'at'), '>', AT), []],
  ['a tuple', (eb) => eb(eb.refTuple('at', 'id'), '=', eb.tuple(AT, 2)), ['b']],
  [
    'a list of tuples',
    (eb) => eb(eb.refTuple('at', 'name'), 'in', [eb.tuple(AT, 'a'), eb.tuple(AT, 'c')]),
    ['a'],
  ],
  ['a tuple after another', (eb) => eb(eb.refTuple('at', 'id'), '>', eb.tuple(AT, 1)), ['b', 'c']],
  ['nullif', (eb) => eb(eb.fn('nullif', ['at', eb.val(AT)]), 'is', null), ['a', 'b']],
  ['a CASE of the column', (eb) => eb(eb.case('at').when(AT).then(1).else(0).end(), '=', 1), ['a', 'b']],
  [
    'a CASE that gives it',
    (eb) => eb(eb.case().when('id', '<', 9).then(eb.ref('at')).end(), '=', AT),
    ['a', 'b'],
  ],
  [
    'the greatest of a sub-query',
    (eb) =>
      eb(
        eb.selectFrom('event as e').select((e) => e.fn.max('e.local').as('m')),
        '=',
        AT,
      ),
    ['a', 'b', 'c', 'd'],
  ],
];

test('a Date that meets an expression is compared as a Date too', async () => {
  const { storage } = await openTables<EventTables>(SCHEMA);
  for (const [what, where, names] of EXPRESSIONS) {
    const found = storage.kysely.selectFrom('event').select('name').where(where).orderBy('id');
    expect(
      (await found.execute()).map(({ name }) => name),
      what,
    ).toEqual(names);
  }
  const groups = storage.kysely.selectFrom('event').select('name').groupBy('name');
  const having = await groups
    .having((eb) => eb.fn.max('at'), '=', AT)
    .orderBy('name')
    .execute();
  expect(having.map(({ name }) => name)).toEqual(['a', 'b']);
  const derived = storage.kysely
    .with('latest', (db) => db.selectFrom('event').select((eb) => eb.fn.max('local').as('at')))
    .selectFrom('latest')
    .selectAll()
    .where('at', '=', AT);
  expect(await derived.execute()).toEqual([{ at: AT }]);
  const together = storage.kysely.selectFrom((eb) =>
    eb
      .selectFrom('event')
      .select((e) => ['id', e.cast<Date>('at', 'timestamptz').as('at')])
      .where('id', '=', 3)
      .unionAll(eb.selectFrom('event').select(['id', 'at']).where('id', '<', 3))
      .as('both'),
  );
  expect(await together.select('id').where('at', '=', AT).orderBy('id').execute()).toEqual([
    { id: 1 },
    { id: 2 },
  ]);
});

test('an index serves the comparison of a column with a Date', async () => {
  const { storage } = await openTables<EventTables>(SCHEMA);
  const query = storage.kysely.selectFrom('event').select('name');
  for (const operator of ['=', '<', '<=', '>', '>='] as const)
    expect(query.where('at', operator, AT).compile().sql).not.toContain('date_trunc');
  expect(query.where((eb) => eb(eb.val(AT), '>=', eb.ref('at'))).compile().sql).not.toContain('date_trunc');
});

test('pages end, and have every row once, where rows differ in microseconds alone', async () => {
  const { storage } = await openTables<AnyTables>([
    'create table event (id serial primary key, at timestamptz not null)',
    `insert into event (at) select '2024-01-01'::timestamptz + (n * 7919 % 5000) * interval '1 microsecond' from generate_series(1, 500) n`,
  ]);
  const events = storage.repository('event', { key: 'id' });
  for (const direction of ['asc', 'desc'] as const) {
    const seen: unknown[] = [];
    let cursor: string | undefined;
    do {
      const page = await events.page({
        size: 37,
        orderBy: { at: direction },
        ...(cursor === undefined ? {} : { cursor }),
      });
      seen.push(...page.rows.map(({ id }) => id));
      cursor = page.nextCursor;
    } while (cursor !== undefined);
    expect(seen).toHaveLength(500);
    expect(new Set(seen).size).toBe(500);
  }
});

test('a repository has a time as text, with every digit, both ways', async () => {
  const { storage } = await openTables<EventTables>(SCHEMA);
  const events = storage.repository('event', { key: 'id', as: { at: 'text', local: 'text' } });
  const dates = storage.repository('event', { key: 'id' });
  const first = {
    id: 1,
    name: 'a',
    at: '2024-02-03 04:05:06.789123+00',
    local: '2024-02-03 04:05:06.789999',
  };
  expect(await events.get(1)).toEqual(first);
  expect(await dates.get(1)).toEqual({ id: 1, name: 'a', at: AT, local: AT });
  expect(
    await storage.read((tx) => tx.repository('event', { key: 'id', as: { at: 'text' } }).get(1)),
  ).toMatchObject({
    at: first.at,
    local: AT,
  });
  expect(await Promise.all([1, 2, 1].map((id) => events.get(id)))).toMatchObject([first, { id: 2 }, first]);
  expect(await events.getMany([2, 1])).toMatchObject([
    { at: '2024-02-03 04:05:06.789001+00', local: null },
    first,
  ]);
  expect(await events.find({ where: { at: first.at } })).toEqual([first]);
  expect(await events.find({ where: { at: { in: ['2024-02-03T06:05:06.789123+02', first.at] } } })).toEqual([
    first,
  ]);
  expect(await events.find({ where: (eb) => eb('at', '=', first.at) })).toEqual([first]);
  expect(
    await events.count({
      where: { at: { gt: '2024-02-03 04:05:06.789001Z', lt: '2024-02-03 04:05:06.79Z' } },
    }),
  ).toBe(1);
  const later = { name: 'n', at: '2024-02-03 04:05:06.789124+00', local: '0044-03-15 12:00:00.000001 BC' };
  expect(await events.insert({ id: 5, ...later })).toEqual({ id: 5, ...later });
  const inserted = await Promise.all([6, 7].map((id) => events.insert({ id, ...later })));
  expect(inserted).toEqual([6, 7].map((id) => ({ id, ...later })));
  await events.insertMany(Array.from({ length: 250 }, (_, n) => ({ id: 10 + n, ...later })));
  expect(await events.count({ where: { at: later.at, local: later.local } })).toBe(253);
  expect(await events.update(5, { at: first.at })).toEqual({ id: 5, ...later, at: first.at });
  expect(await events.upsert({ id: 5, ...later })).toEqual({ id: 5, ...later });
  expect(await rejection(events.find({ where: { at: 'soon' } }))).toMatchObject({ code: 'invalid_value' });
});

test('rows with times as text are ordered by the time, and so are their pages', async () => {
  const { storage } = await openTables<EventTables>([
    'create table event (id serial primary key, name text, at timestamptz not null, local timestamp)',
    `insert into event (at) select '0001-01-01'::timestamptz + (n * 7919 % 500) * interval '1 microsecond' - (n % 2) * interval '9 years' from generate_series(1, 300) n`,
  ]);
  const events = storage.repository('event', { key: 'id', as: { at: 'text' } });
  const { rows } = await sql<{ id: number }>`select id from event order by at, id`.execute(storage.kysely);
  const ids = rows.map(({ id }) => id);
  const found = await events.find({ orderBy: { at: 'asc', id: 'asc' } });
  expect(found.map(({ id }) => id)).toEqual(ids);
  const seen: number[] = [];
  let cursor: string | undefined;
  do {
    const page = await events.page({ size: 37, orderBy: { at: 'asc' }, cursor });
    seen.push(...page.rows.map(({ id }) => id));
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  expect(seen).toEqual(ids);
  const streamed: number[] = [];
  for await (const { id } of events.stream({ orderBy: { at: 'asc', id: 'asc' } })) streamed.push(id);
  expect(streamed).toEqual(ids);
});

interface LogTables {
  readonly log: { readonly at: Date; readonly note: string; readonly day: Date };
}

test('a time with microseconds is a key as text, and none as a Date', async () => {
  const { storage } = await openTables<LogTables>([
    'create table log (at timestamptz primary key, note text, day timestamptz(3))',
    `insert into log values ('2024-01-01 00:00:00.000001+00', 'x'), ('2024-01-01 00:00:00.000002+00', 'y')`,
  ]);
  expect(await rejection(storage.repository('log', { key: 'at' }).find())).toMatchObject({
    code: 'invalid_key',
    message: expect.stringContaining("as: { at: 'text' }"),
  });
  const log = storage.repository('log', { key: 'at', as: { at: 'text' } });
  expect(await log.get('2024-01-01T00:00:00.000002Z')).toMatchObject({ note: 'y' });
  const keys = ['2024-01-01 01:00:00.000002+01', '2024-01-01 00:00:00Z', '2024-01-01 00:00:00.000001'];
  expect((await log.getMany(keys)).map((row) => row?.note)).toEqual(['y', undefined, 'x']);
  expect(await log.update('2024-01-01 00:00:00.000001Z', { note: 'z' })).toMatchObject({ note: 'z' });
  expect(await log.delete('2024-01-01 00:00:00.000002Z')).toBe(true);
  expect(await log.find()).toEqual([{ at: '2024-01-01 00:00:00.000001+00', note: 'z', day: null }]);
  for (const as of [{ day: 'text' }, { note: 'text' }, { at: 'string' }] as object[] as { day: 'text' }[])
    expect(await rejection(storage.repository('log', { key: 'at', as }).find())).toMatchObject({
      code: 'invalid_query',
    });
  const other = { none: 'text' } as object as { day: 'text' };
  expect(await rejection(storage.repository('log', { key: 'at', as: other }).find())).toMatchObject({
    code: 'unknown_column',
  });
  const text = storage.kysely.selectFrom('log').select((eb) => eb.cast<string>('at', 'text').as('at'));
  expect(await text.execute()).toEqual([{ at: '2024-01-01 00:00:00.000001+00' }]);
});

test('a key whose type is not of the contract is found in whatever text it is written', async () => {
  const { storage } = await openTables<AnyTables>([
    'create table host (ip inet primary key, code char(5) not null unique, span interval not null unique)',
    `insert into host values ('10.0.0.1/32', 'ab', '90 min'), ('10.0.0.2', 'cd', '2 h')`,
  ]);
  for (const [key, written, missing] of [
    ['ip', ['10.0.0.2/32', '10.0.0.1'], '10.0.0.3'],
    ['code', ['cd', 'ab   '], 'ef'],
    ['span', ['120 min', '01:30:00'], '1 s'],
  ] as const) {
    const rows = await storage.repository('host', { key }).getMany([...written, missing]);
    expect(
      rows.map((row) => row?.ip),
      key,
    ).toEqual(['10.0.0.2', '10.0.0.1', undefined]);
  }
});

test('a time is text under another name, in another schema, and inside a transaction', async () => {
  const { url } = await openTables<AnyTables>([
    'create schema billing',
    'create table billing.invoice (id int primary key, paid_at timestamptz)',
    `insert into billing.invoice values (1, '2024-01-01 00:00:00.000002+00'), (2, '2024-01-01 00:00:00.000001+00')`,
  ]);
  interface Billing {
    readonly 'billing.invoice': { readonly id: number; readonly paidAt: Date | null };
  }
  await using storage = await openStorage<Billing>({ url, drivers: [postgres()], camelCase: true });
  await storage.write(async (tx) => {
    const invoices = tx.repository('billing.invoice', { key: 'id', as: { paidAt: 'text' } });
    expect(await invoices.find({ orderBy: { paidAt: 'asc' }, limit: 1 })).toEqual([
      { id: 2, paidAt: '2024-01-01 00:00:00.000001+00' },
    ]);
    expect(await invoices.update(2, { paidAt: null })).toEqual({ id: 2, paidAt: null });
  });
});
