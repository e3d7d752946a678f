import type { Storage } from '@sluice/core';
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

test('a time with microseconds identifies no row, and its text keeps every digit', async () => {
  const { storage } = await openTables<AnyTables>([
    'create table log (at timestamptz primary key, note text)',
    `insert into log values ('2024-01-01 00:00:00.000001+00', 'x')`,
  ]);
  expect(await rejection(storage.repository('log', { key: 'at' }).find())).toMatchObject({
    code: 'invalid_key',
    message: expect.stringContaining('microseconds'),
  });
  const text = storage.kysely.selectFrom('log').select((eb) => eb.cast<string>('at', 'text').as('at'));
  expect(await text.execute()).toEqual([{ at: '2024-01-01 00:00:00.000001+00' }]);
});
