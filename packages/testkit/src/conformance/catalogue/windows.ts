import { durationMs } from '@sluice/core';
import { type Catalogue, query } from './catalogue-query.js';
import { at } from './shop-rows.js';

/** Window functions: ranks, running totals and the row before. */
export const WINDOWS: Catalogue = [
  query(
    'the rank of products by price in their category',
    (db) =>
      db
        .selectFrom('product')
        .select((eb) => [
          'name',
          eb.fn
            .agg<number>('rank')
            .over((over) => over.partitionBy('categoryId').orderBy('price', 'desc'))
            .as('rank'),
        ])
        .orderBy('id'),
    [
      { name: 'Atlas', rank: 1 },
      { name: 'Bone', rank: 2 },
      { name: 'Chess', rank: 2 },
      { name: 'Dixit', rank: 1 },
      { name: 'Emma', rank: 2 },
      { name: 'Fables', rank: 1 },
      { name: 'Go', rank: 1 },
    ],
  ),
  query(
    'dense ranks of equal scores, NULL as the greatest',
    (db) =>
      db
        .selectFrom('account')
        .select((eb) => [
          'id',
          eb.fn
            .agg<number>('dense_rank')
            .over((over) => over.orderBy('score'))
            .as('rank'),
        ])
        .orderBy('id'),
    [
      { id: 1, rank: 4 },
      { id: 2, rank: 5 },
      { id: 3, rank: 3 },
      { id: 4, rank: 4 },
      { id: 5, rank: 1 },
      { id: 6, rank: 2 },
    ],
  ),
  query(
    'ranks by score, NULL last',
    (db) =>
      db
        .selectFrom('account')
        .select((eb) => [
          'id',
          eb.fn
            .agg<number>('rank')
            .over((over) => over.orderBy('score', (by) => by.desc().nullsLast()))
            .as('rank'),
        ])
        .orderBy('rank')
        .orderBy('id'),
    [
      { id: 1, rank: 1 },
      { id: 4, rank: 1 },
      { id: 3, rank: 3 },
      { id: 6, rank: 4 },
      { id: 5, rank: 5 },
      { id: 2, rank: 6 },
    ],
  ),
  query(
    'ranks by balance',
    (db) =>
      db
        .selectFrom('account')
        .select((eb) => [
          'name',
          eb.fn
            .agg<number>('row_number')
            .over((over) => over.orderBy('balance'))
            .as('nth'),
        ])
        .orderBy('nth'),
    [
      { name: 'eve_100%', nth: 1 },
      { name: 'Cleo', nth: 2 },
      { name: 'Bob', nth: 3 },
      { name: 'Ada', nth: 4 },
      { name: 'Dan', nth: 5 },
      { name: 'émile', nth: 6 },
    ],
  ),
  query(
    'a running balance',
    (db) =>
      db
        .selectFrom('stockMove')
        .select((eb) => [
          'id',
          eb.fn
            .sum<string>('change')
            .over((over) => over.partitionBy('productId').orderBy('movedAt'))
            .as('stock'),
        ])
        .orderBy('id'),
    [
      { id: 1, stock: '20' },
      { id: 2, stock: '130' },
      { id: 3, stock: '15' },
      { id: 4, stock: '12' },
      { id: 5, stock: '120' },
      { id: 6, stock: '9' },
    ],
  ),
  query(
    'a running sum of prices',
    (db) =>
      db
        .selectFrom('product')
        .select((eb) => [
          'price',
          eb.fn
            .sum<string>('price')
            .over((over) => over.orderBy('price'))
            .as('total'),
        ])
        .orderBy('price'),
    [
      { price: '7.00', total: '7.00' },
      { price: '9.90', total: '16.90' },
      { price: '24.50', total: '41.40' },
      { price: '29.00', total: '70.40' },
      { price: '39.90', total: '110.30' },
      { price: '60.00', total: '170.30' },
      { price: '100.00', total: '270.30' },
    ],
  ),
  query(
    'a running average of prices',
    (db) =>
      db
        .selectFrom('product')
        .select((eb) => [
          'price',
          eb.fn
            .avg<string>('price')
            .over((over) => over.orderBy('price'))
            .as('mean'),
        ])
        .orderBy('price')
        .limit(3),
    [
      { price: '7.00', mean: '7.0000000000000000' },
      { price: '9.90', mean: '8.4500000000000000' },
      { price: '24.50', mean: '13.8000000000000000' },
    ],
  ),
  query(
    'the share of each product in its category',
    (db) =>
      db
        .selectFrom('product')
        .select((eb) => [
          'name',
          eb(
            'price',
            '/',
            eb.fn.sum<string>('price').over((over) => over.partitionBy('categoryId')) as never,
          ).as('share'),
        ])
        .where('categoryId', 'in', [2, 4])
        .orderBy('name'),
    [
      { name: 'Atlas', share: '0.85074626865671641791' },
      { name: 'Bone', share: '0.09008189262966333030' },
      { name: 'Emma', share: '0.14925373134328358209' },
      { name: 'Fables', share: '0.90991810737033666970' },
    ],
  ),
  query(
    'the time since the purchase before',
    (db) =>
      db
        .selectFrom('purchase')
        .select((eb) => [
          'id',
          eb.fn
            .agg<Date | null>('lag', ['placedAt'])
            .over((over) => over.partitionBy('accountId').orderBy('placedAt'))
            .as('before'),
        ])
        .where('accountId', '=', 1)
        .orderBy('placedAt'),
    [
      { id: 1, before: null },
      { id: 3, before: at('01-10 10:00') },
      { id: 5, before: at('02-01 00:00') },
    ],
  ),
  query(
    'the milliseconds since the purchase before',
    (db) =>
      db
        .selectFrom('purchase')
        .select((eb) => [
          'id',
          durationMs(
            eb.fn.agg<Date | null>('lag', ['placedAt']).over((over) => over.orderBy('placedAt')),
            eb.ref('placedAt'),
          ).as('gap'),
        ])
        .orderBy('placedAt'),
    [
      { id: 1, gap: null },
      { id: 2, gap: 1864799999 },
      { id: 3, gap: 1 },
      { id: 6, gap: 1252800000 },
      { id: 4, gap: 1233000000 },
      { id: 5, gap: 45000000 },
    ],
  ),
  query(
    'the next message of a room',
    (db) =>
      db
        .selectFrom('message')
        .select((eb) => [
          'id',
          eb.fn
            .agg<Date | null>('lead', ['sentAt'])
            .over((over) => over.partitionBy('room').orderBy('sentAt').orderBy('id'))
            .as('next'),
        ])
        .orderBy('id'),
    [
      { id: 1, next: at('03-01 09:02') },
      { id: 2, next: at('03-01 09:10') },
      { id: 3, next: at('03-01 10:00') },
      { id: 4, next: at('03-02 00:00') },
      { id: 5, next: null },
      { id: 6, next: null },
    ],
  ),
  query(
    'the price before, by an offset and a default',
    (db) =>
      db
        .selectFrom('product')
        .select((eb) => [
          'price',
          eb.fn
            .agg<string>('lag', ['price', eb.lit(2), eb.cast(eb.val('0'), 'numeric(10, 2)')])
            .over((over) => over.orderBy('price'))
            .as('two'),
        ])
        .orderBy('price')
        .limit(4),
    [
      { price: '7.00', two: '0.00' },
      { price: '9.90', two: '0.00' },
      { price: '24.50', two: '7.00' },
      { price: '29.00', two: '9.90' },
    ],
  ),
];
