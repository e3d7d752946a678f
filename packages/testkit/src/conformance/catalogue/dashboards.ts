import { addMs, bucket, datePart } from '@sluice/core';
import { sql } from 'kysely';
import { type Catalogue, query } from './catalogue-query.js';
import { at } from './shop-rows.js';

const MINUTE_MS = 60_000;

/** Statistics of events over time. */
export const DASHBOARDS: Catalogue = [
  query(
    'events by hour',
    (db) =>
      db
        .selectFrom('event')
        .select((eb) => [bucket('hour', eb.ref('at')).as('hour'), eb.fn.countAll<number>().as('events')])
        .groupBy((eb) => bucket('hour', eb.ref('at')))
        .orderBy('hour'),
    [
      { hour: at('03-01 08:00'), events: 3 },
      { hour: at('03-01 09:00'), events: 1 },
      { hour: at('03-01 10:00'), events: 1 },
      { hour: at('03-02 00:00'), events: 1 },
      { hour: at('03-02 23:00'), events: 1 },
    ],
  ),
  query(
    'events by day, grouped by the alias',
    (db) =>
      db
        .selectFrom('event')
        .select((eb) => [bucket('day', eb.ref('at')).as('day'), eb.fn.countAll<number>().as('events')])
        .groupBy('day')
        .orderBy('day', 'desc'),
    [
      { day: at('03-02 00:00'), events: 2 },
      { day: at('03-01 00:00'), events: 5 },
    ],
  ),
  query(
    'visitors by day',
    (db) =>
      db
        .selectFrom('event')
        .select((eb) => [
          bucket('day', eb.ref('at')).as('day'),
          eb.fn.count<number>('accountId').distinct().as('visitors'),
          eb.fn.countAll<number>().filterWhere('accountId', 'is', null).as('guests'),
        ])
        .groupBy('day')
        .orderBy('day'),
    [
      { day: at('03-01 00:00'), visitors: 2, guests: 1 },
      { day: at('03-02 00:00'), visitors: 1, guests: 0 },
    ],
  ),
  query(
    'hours with more than one event',
    (db) =>
      db
        .selectFrom('event')
        .select((eb) => bucket('hour', eb.ref('at')).as('hour'))
        .groupBy((eb) => bucket('hour', eb.ref('at')))
        .having((eb) => eb.fn.countAll(), '>', 1),
    [{ hour: at('03-01 08:00') }],
  ),
  query(
    'the week, month, quarter and year of a time',
    (db) =>
      db
        .selectFrom('event')
        .select((eb) => [
          bucket('week', eb.ref('at')).as('week'),
          bucket('month', eb.ref('at')).as('month'),
          bucket('quarter', eb.ref('at')).as('quarter'),
          bucket('year', eb.ref('at')).as('year'),
        ])
        .where('kind', '=', 'order'),
    [
      {
        week: at('02-26 00:00'),
        month: at('03-01 00:00'),
        quarter: at('01-01 00:00'),
        year: at('01-01 00:00'),
      },
    ],
  ),
  query(
    'the parts of a time',
    (db) =>
      db
        .selectFrom('event')
        .select((eb) => [
          datePart('year', eb.ref('at')).as('year'),
          datePart('month', eb.ref('at')).as('month'),
          datePart('day', eb.ref('at')).as('day'),
          datePart('hour', eb.ref('at')).as('hour'),
          datePart('minute', eb.ref('at')).as('minute'),
          datePart('second', eb.ref('at')).as('second'),
          datePart('dayOfWeek', eb.ref('at')).as('dayOfWeek'),
          datePart('dayOfYear', eb.ref('at')).as('dayOfYear'),
          datePart('quarter', eb.ref('at')).as('quarter'),
        ])
        .where('kind', '=', 'order'),
    [
      {
        year: 2024,
        month: 3,
        day: 2,
        hour: 23,
        minute: 59,
        second: 59,
        dayOfWeek: 6,
        dayOfYear: 62,
        quarter: 1,
      },
    ],
  ),
  query(
    'events at a time of the day',
    (db) =>
      db
        .selectFrom('event')
        .select('id')
        .where((eb) => datePart('hour', eb.ref('at')), 'in', [0, 23])
        .orderBy('id'),
    [{ id: 6n }, { id: 9007199254740993n }],
  ),
  query(
    'traffic of each kind, in descending order of bytes',
    (db) =>
      db
        .selectFrom('event')
        .select((eb) => [
          'kind',
          eb.fn.sum<string>('bytes').as('traffic'),
          eb.fn.avg<string>('bytes').as('mean'),
        ])
        .groupBy('kind')
        .orderBy('traffic', 'desc'),
    [
      { kind: 'view', traffic: '4000012000', mean: '1333337333.33333333' },
      { kind: 'login', traffic: '2300', mean: '766.6666666666666667' },
      { kind: 'order', traffic: '70', mean: '70.0000000000000000' },
    ],
  ),
  query(
    'kinds with much traffic',
    (db) =>
      db
        .selectFrom('event')
        .select('kind')
        .groupBy('kind')
        .having((eb) => eb.fn.sum('bytes'), '>', 2_000)
        .orderBy('kind'),
    [{ kind: 'login' }, { kind: 'view' }],
  ),
  query(
    'the extremes of bigints',
    (db) =>
      db
        .selectFrom('event')
        .select((eb) => [
          eb.fn.min('bytes').as('least'),
          eb.fn.max('bytes').as('most'),
          eb.fn.max('id').as('last'),
        ]),
    [{ least: 0n, most: 4000000000n, last: 9007199254740993n }],
  ),
  query(
    'megabytes, as whole numbers and exactly',
    (db) =>
      db
        .selectFrom('event')
        .select((eb) => [
          'id',
          eb('bytes', '/', 1_000n).as('kilobytes'),
          eb(eb.cast<string>('bytes', 'numeric'), '/', '1000' as never).as('exactly'),
        ])
        .where('bytes', '>', 800n)
        .orderBy('bytes', 'desc')
        .orderBy('id'),
    [
      { id: 5n, kilobytes: 4000000, exactly: '4000000.000000000000' },
      { id: 4n, kilobytes: 12, exactly: '12.0000000000000000' },
      { id: 2n, kilobytes: 0, exactly: '0.90000000000000000000' },
      { id: 3n, kilobytes: 0, exactly: '0.90000000000000000000' },
    ],
  ),
  query(
    'how long calls take: mean, least, most',
    (db) =>
      db
        .selectFrom('event')
        .select((eb) => [
          'kind',
          eb.fn.avg<string>('durationMs').as('mean'),
          eb.fn.min('durationMs').as('least'),
          eb.fn.max('durationMs').as('most'),
          eb.fn.count<number>('durationMs').as('measured'),
        ])
        .groupBy('kind')
        .orderBy('mean'),
    [
      { kind: 'view', mean: '19.5000000000000000', least: 9, most: 30, measured: 2 },
      { kind: 'login', mean: '100.0000000000000000', least: 80, most: 120, measured: 3 },
      { kind: 'order', mean: '250.0000000000000000', least: 250, most: 250, measured: 1 },
    ],
  ),
  query(
    'a histogram of durations',
    (db) =>
      db
        .selectFrom('event')
        .select((eb) => [
          eb(eb.parens(eb('durationMs', '/', sql.lit(100))), '*', 100).as('from'),
          eb.fn.countAll<number>().as('calls'),
        ])
        .where('durationMs', 'is not', null)
        .groupBy((eb) => eb('durationMs', '/', sql.lit(100)))
        .orderBy('from'),
    [
      { from: 0, calls: 3 },
      { from: 100, calls: 2 },
      { from: 200, calls: 1 },
    ],
  ),
  query(
    'the rate of failed logins',
    (db) =>
      db
        .selectFrom('event')
        .select((eb) => [
          eb.fn
            .countAll<number>()
            .filterWhere(eb.ref('payload', '->>').key('ok'), '=', 'false' as never)
            .as('failed'),
          eb.fn.countAll<number>().as('logins'),
        ])
        .where('kind', '=', 'login'),
    [{ failed: 1, logins: 3 }],
  ),
  query(
    'events of the last quarter of an hour before a time',
    (db) =>
      db
        .selectFrom('event')
        .select('id')
        .where('at', '>=', addMs(at('03-01 08:30'), -15 * MINUTE_MS))
        .where('at', '<', at('03-01 08:30'))
        .orderBy('at'),
    [{ id: 2n }, { id: 3n }],
  ),
];
