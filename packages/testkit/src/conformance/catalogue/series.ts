import { bucket, typed } from '@sluice/core';
import { sql } from 'kysely';
import { type Catalogue, query } from './catalogue-query.js';
import { at } from './shop-rows.js';

/** Readings over time, and numerics without a scale. */
export const SERIES: Catalogue = [
  query(
    'the mean of each hour and sensor',
    (db) =>
      db
        .selectFrom('reading')
        .select((eb) => [
          'sensor',
          bucket('hour', eb.ref('at')).as('hour'),
          eb.fn.avg<number>('value').as('mean'),
          eb.fn.count<number>('value').as('values'),
        ])
        .groupBy(['sensor', 'hour'])
        .orderBy('sensor')
        .orderBy('hour'),
    [
      { sensor: 'cellar', hour: at('03-01 00:00'), mean: 10.25, values: 2 },
      { sensor: 'cellar', hour: at('03-01 01:00'), mean: 9, values: 1 },
      { sensor: 'roof', hour: at('03-01 00:00'), mean: -0.625, values: 2 },
      { sensor: 'roof', hour: at('03-01 01:00'), mean: 3, values: 1 },
    ],
  ),
  query(
    'the mean of exact values',
    (db) =>
      db
        .selectFrom('reading')
        .select((eb) => ['sensor', eb.fn.avg<string>('raw').as('mean'), eb.fn.sum<string>('raw').as('sum')])
        .groupBy('sensor')
        .orderBy('sensor'),
    [
      { sensor: 'cellar', mean: '9.8333333333333333', sum: '29.50' },
      { sensor: 'roof', mean: '0.58333333333333333333', sum: '1.750' },
    ],
  ),
  query(
    'the extremes of exact values, 9 below 10.0',
    (db) =>
      db.selectFrom('reading').select((eb) => [eb.fn.min('raw').as('least'), eb.fn.max('raw').as('most')]),
    [{ least: '-2.5', most: '10.50' }],
  ),
  query(
    'exact values in order',
    (db) => db.selectFrom('reading').select('raw').where('raw', 'is not', null).orderBy('raw'),
    [{ raw: '-2.5' }, { raw: '1.250' }, { raw: '3' }, { raw: '9' }, { raw: '10.0' }, { raw: '10.50' }],
  ),
  query(
    'exact values in a range',
    (db) =>
      db
        .selectFrom('reading')
        .select('raw')
        .where((eb) => eb.between('raw', '3', '10'))
        .orderBy('raw', 'desc'),
    [{ raw: '10.0' }, { raw: '9' }, { raw: '3' }],
  ),
  query(
    'an exact value in another scale',
    (db) => db.selectFrom('reading').select('raw').where('raw', '=', '10.500'),
    [{ raw: '10.50' }],
  ),
  query(
    'an exact value of a list',
    (db) => db.selectFrom('reading').select('raw').where('raw', 'in', ['9.0', '1.25']).orderBy('raw'),
    [{ raw: '1.250' }, { raw: '9' }],
  ),
  query(
    'an exact value equal to that of a column with a scale',
    (db) =>
      db
        .selectFrom('reading')
        .innerJoin('product', (join) =>
          join.on((eb) => eb('reading.raw', '=', eb('product.price', '+', '0.1' as never))),
        )
        .select(['reading.raw', 'product.price']),
    [{ raw: '10.0', price: '9.90' }],
  ),
  query(
    'a double compared with a whole number',
    (db) => db.selectFrom('reading').select('value').where('value', '>=', 9).orderBy('value'),
    [{ value: 9 }, { value: 10 }, { value: 10.5 }],
  ),
  query(
    'a double compared with a numeric',
    (db) =>
      db
        .selectFrom('reading')
        .select('value')
        .where((eb) => eb('value', '=', eb.ref('raw') as never))
        .orderBy('value'),
    [{ value: -2.5 }, { value: 1.25 }, { value: 3 }, { value: 9 }, { value: 10 }, { value: 10.5 }],
  ),
  query(
    'a double divided by a whole number',
    (db) =>
      db
        .selectFrom('reading')
        .select((eb) => eb('value', '/', 4).as('quarter'))
        .where('sensor', '=', 'cellar')
        .orderBy('at'),
    [{ quarter: 2.5 }, { quarter: 2.625 }, { quarter: null }, { quarter: 2.25 }],
  ),
  query(
    'doubles in groups',
    (db) =>
      db
        .selectFrom('account')
        .select((eb) => ['score', eb.fn.countAll<number>().as('accounts')])
        .groupBy('score')
        .orderBy('score'),
    [
      { score: 1, accounts: 1 },
      { score: 2, accounts: 1 },
      { score: 3.25, accounts: 1 },
      { score: 4.5, accounts: 2 },
      { score: null, accounts: 1 },
    ],
  ),
  query(
    'sums of doubles that are whole',
    (db) =>
      db
        .selectFrom('reading')
        .select((eb) => [eb.fn.sum<number>('value').as('sum'), eb.fn.max('value').as('most')])
        .where('sensor', '=', 'cellar')
        .where('value', '!=', 10.5),
    [{ sum: 19, most: 10 }],
  ),
  query(
    'the last reading of each sensor',
    (db) =>
      db
        .selectFrom('reading as r')
        .select(['r.sensor', 'r.value', 'r.at'])
        .where('r.at', '=', (eb) =>
          eb
            .selectFrom('reading as s')
            .select((s) => s.fn.max('s.at').as('last'))
            .whereRef('s.sensor', '=', 'r.sensor'),
        )
        .orderBy('r.sensor'),
    [
      { sensor: 'cellar', value: 9, at: at('03-01 01:00') },
      { sensor: 'roof', value: 3, at: at('03-01 01:05') },
    ],
  ),
  query(
    'the reading before a time',
    (db) =>
      db
        .selectFrom('reading')
        .select(['at', 'value'])
        .where('sensor', '=', 'cellar')
        .where('at', '<', at('03-01 01:00'))
        .where('value', 'is not', null)
        .orderBy('at', 'desc')
        .limit(1),
    [{ at: at('03-01 00:10'), value: 10.5 }],
  ),
  query(
    'gaps filled with a value',
    (db) =>
      db
        .selectFrom('reading')
        .select((eb) => [
          'at',
          eb.fn.coalesce('value', eb.lit(0)).as('value'),
          eb.fn.coalesce('raw', eb.val('0.000')).as('raw'),
        ])
        .where('sensor', '=', 'cellar')
        .orderBy('at'),
    [
      { at: at('03-01 00:00'), value: 10, raw: '10.0' },
      { at: at('03-01 00:10'), value: 10.5, raw: '10.50' },
      { at: at('03-01 00:20'), value: 0, raw: '0.000' },
      { at: at('03-01 01:00'), value: 9, raw: '9' },
    ],
  ),
  query(
    'readings of two sensors side by side',
    (db) =>
      db
        .selectFrom('reading')
        .select((eb) => [
          bucket('hour', eb.ref('at')).as('hour'),
          eb.fn.max('value').filterWhere('sensor', '=', 'cellar').as('cellar'),
          eb.fn.max('value').filterWhere('sensor', '=', 'roof').as('roof'),
          eb.fn.max('raw').filterWhere('sensor', '=', 'roof').as('raw'),
        ])
        .groupBy('hour')
        .orderBy('hour'),
    [
      { hour: at('03-01 00:00'), cellar: 10.5, roof: 1.25, raw: '1.250' },
      { hour: at('03-01 01:00'), cellar: 9, roof: 3, raw: '3' },
    ],
  ),
  query(
    'sides by CASE',
    (db) =>
      db
        .selectFrom('reading')
        .select((eb) => [
          eb.fn.sum<number>(eb.case().when('sensor', '=', 'roof').then(eb.ref('value')).end()).as('roof'),
          eb.fn.sum<string>(eb.case().when('sensor', '=', 'roof').then(eb.ref('raw')).end()).as('raw'),
        ]),
    [{ roof: 1.75, raw: '1.750' }],
  ),
  query(
    'whether a value is above a limit',
    (db) =>
      db
        .selectFrom('reading')
        .select((eb) => ['at', eb('raw', '>', '9.99').as('isHigh'), eb('value', '<', 10).as('isLow')])
        .where('sensor', '=', 'cellar')
        .orderBy('at'),
    [
      { at: at('03-01 00:00'), isHigh: true, isLow: false },
      { at: at('03-01 00:10'), isHigh: true, isLow: false },
      { at: at('03-01 00:20'), isHigh: null, isLow: null },
      { at: at('03-01 01:00'), isHigh: false, isLow: true },
    ],
  ),
  query(
    'a raw fragment that is harmless',
    (db) =>
      db
        .selectFrom('product')
        .select(sql<number>`stock * 2`.as('double'))
        .where(sql<boolean>`stock > ${10}`)
        .orderBy(sql`stock`),
    [{ double: 24 }, { double: 80 }, { double: 240 }],
  ),
  query(
    'a raw fragment with references',
    (db) =>
      db
        .selectFrom('product')
        .select((eb) => ['id', sql<string>`upper(${eb.ref('name')})`.as('loud')])
        .where('id', '<', 3)
        .orderBy('id'),
    [
      { id: 1, loud: 'ATLAS' },
      { id: 2, loud: 'BONE' },
    ],
  ),
  query(
    'a typed fragment of a numeric',
    (db) =>
      db
        .selectFrom('product')
        .select((eb) => [
          eb.fn.max(typed(sql<string>`${sql.ref('price')}`, 'numeric')).as('most'),
          eb.fn.sum<string>(typed(sql<string>`${sql.ref('price')}`, 'numeric')).as('sum'),
        ]),
    [{ most: '100.00', sum: '270.30' }],
  ),
  query(
    'a typed fragment of a whole number',
    (db) => db.selectFrom('product').select(typed(sql<number>`count(*)`, 'integer').as('all')),
    [{ all: 7 }],
  ),
  query(
    'a typed fragment of a boolean',
    (db) =>
      db
        .selectFrom('product')
        .select(['id', typed(sql<boolean>`stock > 10`, 'boolean').as('isMany')])
        .where('id', '<', 4)
        .orderBy('id'),
    [
      { id: 1, isMany: true },
      { id: 2, isMany: true },
      { id: 3, isMany: false },
    ],
  ),
  query(
    'a typed fragment of text beside a date',
    (db) =>
      db
        .selectFrom('product')
        .select(['id', typed(sql<string>`coalesce(released_on, '1900-01-01')`, 'date').as('day')])
        .where('id', 'in', [1, 3])
        .orderBy('id'),
    [
      { id: 1, day: '2020-03-01' },
      { id: 3, day: '1900-01-01' },
    ],
  ),
  query(
    'a value without a table',
    (db) =>
      db.selectNoFrom((eb) => [
        eb.val('x').as('text'),
        eb.lit(1).as('one'),
        eb.lit(null).as('nothing'),
        eb.lit(true).as('yes'),
      ]),
    [{ text: 'x', one: 1, nothing: null, yes: true }],
  ),
  query(
    'values of a caller with a cast',
    (db) =>
      db.selectNoFrom((eb) => [
        eb.cast<number>(eb.val(5), 'integer').as('integer'),
        eb.cast<string>(eb.val('1.50'), 'numeric').as('numeric'),
        eb.cast<Date>(eb.val(at('03-01 00:00')), 'timestamptz').as('time'),
        eb.cast<string>(eb.val('2024-02-29'), 'date').as('date'),
        eb.cast<number>(eb.val(2), 'double precision').as('double'),
        eb.cast<boolean>(eb.val(true), 'boolean').as('boolean'),
      ]),
    [{ integer: 5, numeric: '1.50', time: at('03-01 00:00'), date: '2024-02-29', double: 2, boolean: true }],
  ),
  query(
    'values of a caller without a cast',
    (db) =>
      db.selectNoFrom((eb) => [
        eb.val(1).as('integer'),
        eb.val(1.5).as('double'),
        eb.val(true).as('boolean'),
        eb.val(at('03-01 00:00')).as('time'),
        eb.val(new Uint8Array([1, 255])).as('bytes'),
        eb.val('a').as('text'),
        eb.lit(1.5).as('literal'),
        eb.fn.coalesce(eb.val<number | null>(null), eb.val(3)).as('given'),
        sql<number>`${4}`.as('raw'),
      ]),
    [
      {
        integer: 1,
        double: 1.5,
        boolean: true,
        time: at('03-01 00:00'),
        bytes: new Uint8Array([1, 255]),
        text: 'a',
        literal: '1.5',
        given: 3,
        raw: 4,
      },
    ],
  ),
  query(
    'values of a caller in a WITH, compared outside',
    (db) =>
      db
        .with('limits', (cte) =>
          cte.selectNoFrom((eb) => [eb.val(at('02-15 00:00')).as('since'), eb.val(10).as('least')]),
        )
        .selectFrom('limits')
        .innerJoin('purchase', (join) => join.onRef('purchase.placedAt', '>', 'limits.since'))
        .innerJoin('purchaseLine', (join) =>
          join
            .onRef('purchaseLine.purchaseId', '=', 'purchase.id')
            .onRef('purchaseLine.quantity', '<', 'limits.least'),
        )
        .select(['purchase.id', 'limits.since', 'limits.least'])
        .orderBy('purchase.id'),
    [
      { id: 4, since: at('02-15 00:00'), least: 10 },
      { id: 5, since: at('02-15 00:00'), least: 10 },
      { id: 6, since: at('02-15 00:00'), least: 10 },
    ],
  ),
  query(
    'a union of times of a caller',
    (db) =>
      db
        .selectNoFrom((eb) => [eb.val(at('03-01 00:00')).as('day'), eb.val(1).as('n')])
        .unionAll(db.selectNoFrom((eb) => [eb.val(at('02-01 00:00')).as('day'), eb.val(2).as('n')]))
        .orderBy('day'),
    [
      { day: at('02-01 00:00'), n: 2 },
      { day: at('03-01 00:00'), n: 1 },
    ],
  ),
];
