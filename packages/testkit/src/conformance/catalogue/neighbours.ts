import { bucket, durationMs } from '@sluice/core';
import { type Catalogue, query } from './catalogue-query.js';
import { at } from './shop-rows.js';

/** Window functions: values of other rows, and what is made of them. */
export const NEIGHBOURS: Catalogue = [
  query(
    'the first and the last price of a category',
    (db) =>
      db
        .selectFrom('product')
        .select((eb) => [
          'name',
          eb.fn
            .agg<string>('first_value', ['price'])
            .over((over) => over.partitionBy('categoryId').orderBy('id'))
            .as('first'),
          eb.fn
            .agg<string>('first_value', ['releasedOn'])
            .over((over) => over.partitionBy('categoryId').orderBy('id', 'desc'))
            .as('released'),
        ])
        .orderBy('id'),
    [
      { name: 'Atlas', first: '39.90', released: '1815-12-23' },
      { name: 'Bone', first: '9.90', released: '2002-07-01' },
      { name: 'Chess', first: '24.50', released: '2008-01-01' },
      { name: 'Dixit', first: '24.50', released: '2008-01-01' },
      { name: 'Emma', first: '39.90', released: '1815-12-23' },
      { name: 'Fables', first: '9.90', released: '2002-07-01' },
      { name: 'Go', first: '60.00', released: '2020-02-29' },
    ],
  ),
  query(
    'the last value so far',
    (db) =>
      db
        .selectFrom('purchase')
        .select((eb) => [
          'id',
          eb.fn
            .agg<Date | null>('last_value', ['paidAt'])
            .over((over) => over.orderBy('id'))
            .as('paid'),
          eb.fn
            .agg<boolean>('last_value', [eb('paidAt', 'is', null)])
            .over((over) => over.orderBy('id'))
            .as('isOpen'),
        ])
        .orderBy('id'),
    [
      { id: 1, paid: at('01-10 10:05'), isOpen: false },
      { id: 2, paid: at('02-01 00:00'), isOpen: false },
      { id: 3, paid: at('02-01 01:00'), isOpen: false },
      { id: 4, paid: at('03-01 09:00'), isOpen: false },
      { id: 5, paid: null, isOpen: true },
      { id: 6, paid: null, isOpen: true },
    ],
  ),
  query(
    'the second value',
    (db) =>
      db
        .selectFrom('product')
        .select((eb) => [
          'id',
          eb.fn
            .agg<string | null>('nth_value', ['price', eb.lit(2)])
            .over((over) => over.orderBy('id'))
            .as('second'),
        ])
        .orderBy('id')
        .limit(3),
    [
      { id: 1, second: null },
      { id: 2, second: '9.90' },
      { id: 3, second: '9.90' },
    ],
  ),
  query(
    'the extremes of a partition',
    (db) =>
      db
        .selectFrom('purchase')
        .select((eb) => [
          'id',
          eb.fn
            .min('placedAt')
            .over((over) => over.partitionBy('accountId'))
            .as('first'),
          eb.fn
            .max('discount')
            .over((over) => over.partitionBy('accountId'))
            .as('discount'),
        ])
        .orderBy('id'),
    [
      { id: 1, first: at('01-10 10:00'), discount: null },
      { id: 2, first: at('01-31 23:59:59.999'), discount: '0.100' },
      { id: 3, first: at('01-10 10:00'), discount: null },
      { id: 4, first: at('02-29 18:30'), discount: '0.125' },
      { id: 5, first: at('01-10 10:00'), discount: null },
      { id: 6, first: at('02-15 12:00'), discount: null },
    ],
  ),
  query(
    'quarters of a list',
    (db) =>
      db
        .selectFrom('product')
        .select((eb) => [
          'id',
          eb.fn
            .agg<number>('ntile', [eb.lit(3)])
            .over((over) => over.orderBy('price'))
            .as('third'),
        ])
        .orderBy('id'),
    [
      { id: 1, third: 2 },
      { id: 2, third: 1 },
      { id: 3, third: 1 },
      { id: 4, third: 2 },
      { id: 5, third: 1 },
      { id: 6, third: 3 },
      { id: 7, third: 3 },
    ],
  ),
  query(
    'percent ranks',
    (db) =>
      db
        .selectFrom('product')
        .select((eb) => [
          'id',
          eb.fn
            .agg<number>('percent_rank')
            .over((over) => over.orderBy('stock'))
            .as('percent'),
          eb.fn
            .agg<number>('cume_dist')
            .over((over) => over.orderBy('stock'))
            .as('cume'),
        ])
        .where('id', '<=', 5)
        .orderBy('id'),
    [
      { id: 1, percent: 0.75, cume: 0.8 },
      { id: 2, percent: 1, cume: 1 },
      { id: 3, percent: 0.5, cume: 0.6 },
      { id: 4, percent: 0, cume: 0.2 },
      { id: 5, percent: 0.25, cume: 0.4 },
    ],
  ),
  query(
    'ranks over a sum',
    (db) =>
      db
        .selectFrom('purchaseLine')
        .select((eb) => [
          'productId',
          eb.fn.sum<string>('quantity').as('sold'),
          eb.fn
            .agg<number>('rank')
            .over((over) => over.orderBy(eb.fn.sum('quantity'), 'desc'))
            .as('rank'),
        ])
        .groupBy('productId')
        .orderBy('rank')
        .orderBy('productId'),
    [
      { productId: 2, sold: '13', rank: 1 },
      { productId: 1, sold: '5', rank: 2 },
      { productId: 3, sold: '2', rank: 3 },
      { productId: 7, sold: '2', rank: 3 },
      { productId: 4, sold: '1', rank: 5 },
      { productId: 5, sold: '1', rank: 5 },
    ],
  ),
  query(
    'a sum over sums',
    (db) =>
      db
        .selectFrom('purchaseLine')
        .select((eb) => ['purchaseId', eb.fn.sum<string>(eb.fn.sum('quantity')).over().as('all')])
        .groupBy('purchaseId')
        .orderBy('purchaseId')
        .limit(2),
    [
      { purchaseId: 1, all: '24' },
      { purchaseId: 2, all: '24' },
    ],
  ),
  query(
    'the top two of each category',
    (db) =>
      db
        .selectFrom((eb) =>
          eb
            .selectFrom('product')
            .select((e) => [
              'categoryId',
              'name',
              'price',
              e.fn
                .agg<number>('row_number')
                .over((over) => over.partitionBy('categoryId').orderBy('price', 'desc'))
                .as('nth'),
            ])
            .where('categoryId', 'is not', null)
            .as('p'),
        )
        .select(['p.categoryId', 'p.name', 'p.price'])
        .where('p.nth', '<=', 1)
        .orderBy('p.price', 'desc'),
    [
      { categoryId: 4, name: 'Fables', price: '100.00' },
      { categoryId: 2, name: 'Atlas', price: '39.90' },
      { categoryId: 5, name: 'Dixit', price: '29.00' },
    ],
  ),
  query(
    'gaps between readings',
    (db) =>
      db
        .selectFrom('reading')
        .select((eb) => [
          'sensor',
          'at',
          durationMs(
            eb.fn.agg<Date | null>('lag', ['at']).over((over) => over.partitionBy('sensor').orderBy('at')),
            eb.ref('at'),
          ).as('gap'),
        ])
        .where('sensor', '=', 'cellar')
        .orderBy('at'),
    [
      { sensor: 'cellar', at: at('03-01 00:00'), gap: null },
      { sensor: 'cellar', at: at('03-01 00:10'), gap: 600000 },
      { sensor: 'cellar', at: at('03-01 00:20'), gap: 600000 },
      { sensor: 'cellar', at: at('03-01 01:00'), gap: 2400000 },
    ],
  ),
  query(
    'how much a reading changed',
    (db) =>
      db
        .selectFrom('reading')
        .select((eb) => [
          'at',
          eb(
            'value',
            '-',
            eb.fn.agg<number>('lag', ['value']).over((over) => over.orderBy('at')),
          ).as('change'),
          eb(
            'raw',
            '-',
            eb.fn.agg<string>('lag', ['raw']).over((over) => over.orderBy('at')),
          ).as('raw'),
        ])
        .where('sensor', '=', 'roof')
        .orderBy('at'),
    [
      { at: at('03-01 00:05'), change: null, raw: null },
      { at: at('03-01 00:55'), change: 3.75, raw: '3.750' },
      { at: at('03-01 01:05'), change: 1.75, raw: '1.750' },
    ],
  ),
  query(
    'sessions of work: a new one after a pause',
    (db) =>
      db
        .selectFrom((eb) =>
          eb
            .selectFrom('event')
            .select((e) => [
              'id',
              'at',
              e.fn
                .agg<Date | null>('lag', ['at'])
                .over((over) => over.orderBy('at'))
                .as('before'),
            ])
            .as('e'),
        )
        .select((eb) => [
          'e.id',
          eb
            .or([
              eb('e.before', 'is', null),
              eb(durationMs(eb.ref('e.before'), eb.ref('e.at')), '>', 3_600_000),
            ])
            .as('starts'),
        ])
        .orderBy('e.at'),
    [
      { id: 1n, starts: true },
      { id: 2n, starts: false },
      { id: 3n, starts: false },
      { id: 4n, starts: false },
      { id: 5n, starts: true },
      { id: 6n, starts: true },
      { id: 9007199254740993n, starts: true },
    ],
  ),
  query(
    'events of each day with their number in the day',
    (db) =>
      db
        .selectFrom('event')
        .select((eb) => [
          'kind',
          eb.fn
            .agg<number>('row_number')
            .over((over) => over.partitionBy(bucket('day', eb.ref('at')) as never).orderBy('at'))
            .as('nth'),
        ])
        .orderBy('at'),
    [
      { kind: 'login', nth: 1 },
      { kind: 'login', nth: 2 },
      { kind: 'login', nth: 3 },
      { kind: 'view', nth: 4 },
      { kind: 'view', nth: 5 },
      { kind: 'view', nth: 1 },
      { kind: 'order', nth: 2 },
    ],
  ),
  query(
    'a count with a condition over a window',
    (db) =>
      db
        .selectFrom('event')
        .select((eb) => [
          'id',
          eb.fn
            .count<number>('id')
            .filterWhere('kind', '=', 'login')
            .over((over) => over.orderBy('at'))
            .as('logins'),
        ])
        .orderBy('at'),
    [
      { id: 1n, logins: 1 },
      { id: 2n, logins: 2 },
      { id: 3n, logins: 3 },
      { id: 4n, logins: 3 },
      { id: 5n, logins: 3 },
      { id: 6n, logins: 3 },
      { id: 9007199254740993n, logins: 3 },
    ],
  ),
  query(
    'a window over text',
    (db) =>
      db
        .selectFrom('account')
        .select((eb) => [
          'name',
          eb.fn
            .agg<string | null>('lag', ['name'])
            .over((over) => over.orderBy('name'))
            .as('before'),
        ])
        .orderBy('name'),
    [
      { name: 'Ada', before: null },
      { name: 'Bob', before: 'Ada' },
      { name: 'Cleo', before: 'Bob' },
      { name: 'Dan', before: 'Cleo' },
      { name: 'eve_100%', before: 'Dan' },
      { name: 'émile', before: 'eve_100%' },
    ],
  ),
  query(
    'the latest value of each key with a condition outside',
    (db) =>
      db
        .with('latest', (cte) =>
          cte
            .selectFrom('reading')
            .select((eb) => [
              'sensor',
              'value',
              'raw',
              'at',
              eb.fn
                .agg<number>('row_number')
                .over((over) => over.partitionBy('sensor').orderBy('at', 'desc'))
                .as('nth'),
            ])
            .where('value', 'is not', null),
        )
        .selectFrom('latest')
        .select(['sensor', 'value', 'raw', 'at'])
        .where('nth', '=', 1)
        .orderBy('sensor'),
    [
      { sensor: 'cellar', value: 9, raw: '9', at: at('03-01 01:00') },
      { sensor: 'roof', value: 3, raw: '3', at: at('03-01 01:05') },
    ],
  ),
  query(
    'products dearer than those before',
    (db) =>
      db
        .selectFrom((eb) =>
          eb
            .selectFrom('product')
            .select((e) => [
              'id',
              'price',
              e.fn
                .agg<string | null>('lag', ['price'])
                .over((over) => over.orderBy('id'))
                .as('before'),
            ])
            .as('p'),
        )
        .select('p.id')
        .whereRef('p.price', '>', 'p.before')
        .orderBy('p.id'),
    [{ id: 3 }, { id: 4 }, { id: 6 }],
  ),
];
