import { addMs, bucket, durationMs } from '@sluice/core';
import { type Catalogue, query, refusal } from './catalogue-query.js';
import { at } from './shop-rows.js';

const MINUTE_MS = 60_000;

/** Durations, totals and several numbers at once. */
export const STATISTICS: Catalogue = [
  query(
    'when each event ended',
    (db) =>
      db
        .selectFrom('event')
        .select((eb) => ['id', addMs(eb.ref('at'), eb.ref('durationMs')).as('endedAt')])
        .where('kind', '=', 'view')
        .orderBy('endedAt'),
    [
      { id: 4n, endedAt: at('03-01 09:05:00.009') },
      { id: 6n, endedAt: at('03-02 00:00:00.030') },
      { id: 5n, endedAt: null },
    ],
  ),
  query(
    'time since the first event',
    (db) =>
      db
        .selectFrom('event')
        .select((eb) => [
          'id',
          durationMs(
            eb
              .selectFrom('event as first')
              .select((e) => e.fn.min('first.at').as('at'))
              .$asScalar(),
            eb.ref('event.at'),
          ).as('ms'),
        ])
        .where('kind', '=', 'login')
        .orderBy('ms'),
    [
      { id: 1n, ms: 0 },
      { id: 2n, ms: 1200000 },
      { id: 3n, ms: 1260000 },
    ],
  ),
  query(
    'the span of all events',
    (db) =>
      db
        .selectFrom('event')
        .select((eb) => [
          durationMs(eb.fn.min('at'), eb.fn.max('at')).as('ms'),
          eb.fn.min('at').as('from'),
          eb.fn.max('at').as('to'),
        ]),
    [{ ms: 143999999, from: at('03-01 08:00'), to: at('03-02 23:59:59.999') }],
  ),
  query(
    'the number of different days',
    (db) =>
      db.selectFrom('event').select((eb) =>
        eb.fn
          .count<number>(bucket('day', eb.ref('at')))
          .distinct()
          .as('days'),
      ),
    [{ days: 2 }],
  ),
  query(
    'new accounts of each month and of all months so far',
    (db) =>
      db
        .selectFrom((eb) =>
          eb
            .selectFrom('account')
            .select((e) => [
              bucket('month', e.ref('createdAt')).as('month'),
              e.fn.countAll<number>().as('added'),
            ])
            .groupBy('month')
            .as('m'),
        )
        .select((eb) => [
          'm.month',
          'm.added',
          eb.fn
            .sum<string>('m.added')
            .over((over) => over.orderBy('m.month'))
            .as('total'),
        ])
        .orderBy('m.month'),
    [
      { month: at('01-01 00:00'), added: 2, total: '2' },
      { month: at('02-01 00:00'), added: 2, total: '4' },
      { month: at('03-01 00:00'), added: 2, total: '6' },
    ],
  ),
  query(
    'retention: accounts that came back within the hour',
    (db) =>
      db
        .selectFrom('event as a')
        .innerJoin('event as b', (join) =>
          join.onRef('b.accountId', '=', 'a.accountId').onRef('b.id', '>', 'a.id'),
        )
        .select('a.accountId')
        .distinct()
        .where((eb) => durationMs(eb.ref('a.at'), eb.ref('b.at')), '<=', 60 * MINUTE_MS),
    [{ accountId: 2 }],
  ),
  query(
    'an average of doubles and one of numerics',
    (db) =>
      db
        .selectFrom('account')
        .select((eb) => [eb.fn.avg<number>('score').as('score'), eb.fn.avg<string>('balance').as('balance')]),
    [{ score: 3.05, balance: '225.0300000000000000' }],
  ),
  query(
    'a total of bigints beyond 2^53',
    (db) => db.selectFrom('account').select((eb) => eb.fn.sum<string>('points').as('points')),
    [{ points: '9007199254741507' }],
  ),
  query(
    'accounts by their balance, as the query orders by an expression',
    (db) =>
      db
        .selectFrom('account')
        .select('name')
        .orderBy((eb) => eb.fn.coalesce('balance', eb.val('-100')), 'desc'),
    [
      { name: 'Dan' },
      { name: 'Ada' },
      { name: 'Bob' },
      { name: 'Cleo' },
      { name: 'eve_100%' },
      { name: 'émile' },
    ],
  ),
  query(
    'balances above the median, by an offset',
    (db) =>
      db
        .selectFrom('account')
        .select('balance')
        .where('balance', 'is not', null)
        .orderBy('balance')
        .limit(1)
        .offset(
          (eb) =>
            eb
              .selectFrom('account')
              .select((e) => e(e.fn.count<number>('balance'), '/', 2).as('half'))
              .where('balance', 'is not', null) as never,
        ),
    [{ balance: '9.90' }],
  ),
  refusal(
    'the difference of two times',
    (db) =>
      db.selectFrom('purchase').select((eb) => eb('paidAt', '-', eb.ref('placedAt') as never).as('took')),
    'untyped_expression',
  ),
  query(
    'the difference of two times in milliseconds',
    (db) =>
      db
        .selectFrom('purchase')
        .select((eb) => durationMs(eb.ref('placedAt'), eb.ref('paidAt')).as('took'))
        .where('id', '=', 1),
    [{ took: 300000 }],
  ),
  refusal(
    'the day of a time by an engine function',
    (db) =>
      db
        .selectFrom('event')
        .select((eb) => eb.fn<string>('date', ['at']).as('day'))
        .where('id', '=', 1n),
    'untyped_expression',
  ),
  query(
    'an empty dashboard',
    (db) =>
      db
        .selectFrom('event')
        .select((eb) => [bucket('day', eb.ref('at')).as('day'), eb.fn.countAll<number>().as('events')])
        .where('kind', '=', 'nothing')
        .groupBy('day'),
    [],
  ),
  query(
    'several numbers at once',
    (db) =>
      db.selectNoFrom((eb) => [
        eb
          .selectFrom('account')
          .select((e) => e.fn.countAll<number>().as('n'))
          .as('accounts'),
        eb
          .selectFrom('purchase')
          .select((e) => e.fn.countAll<number>().as('n'))
          .where('status', '=', 'paid')
          .as('paid'),
        eb
          .selectFrom('account')
          .select((e) => e.fn.sum<string>('balance').as('n'))
          .as('balance'),
        eb
          .selectFrom('event')
          .select((e) => e.fn.max('at').as('n'))
          .as('last'),
      ]),
    [{ accounts: 6, paid: 2, balance: '1125.15', last: at('03-02 23:59:59.999') }],
  ),
];
