import { bucket, jsonArrayFrom, jsonObjectFrom } from '@sluice/core';
import { type Catalogue, query } from './catalogue-query.js';
import { at } from './shop-rows.js';

/** Rows with the rows that belong to them. */
export const RELATIONS: Catalogue = [
  query(
    'purchases with their lines',
    (db) =>
      db
        .selectFrom('purchase')
        .select((eb) => [
          'id',
          jsonArrayFrom(
            eb
              .selectFrom('purchaseLine')
              .select(['productId', 'quantity', 'unitPrice'])
              .whereRef('purchaseLine.purchaseId', '=', 'purchase.id')
              .orderBy('position'),
          ).as('lines'),
        ])
        .where('id', 'in', [1, 2])
        .orderBy('id'),
    [
      {
        id: 1,
        lines: [
          { productId: 1, quantity: 1, unitPrice: '39.90' },
          { productId: 2, quantity: 10, unitPrice: '9.50' },
        ],
      },
      { id: 2, lines: [{ productId: 3, quantity: 2, unitPrice: '24.50' }] },
    ],
  ),
  query(
    'an account with its last purchase',
    (db) =>
      db
        .selectFrom('account')
        .select((eb) => [
          'name',
          jsonObjectFrom(
            eb
              .selectFrom('purchase')
              .select(['id', 'placedAt', 'paidAt', 'discount'])
              .whereRef('purchase.accountId', '=', 'account.id')
              .orderBy('placedAt', 'desc')
              .limit(1),
          ).as('last'),
        ])
        .orderBy('account.id'),
    [
      { name: 'Ada', last: { id: 5, placedAt: at('03-01 07:00'), paidAt: null, discount: null } },
      {
        name: 'Bob',
        last: { id: 2, placedAt: at('01-31 23:59:59.999'), paidAt: at('02-01 00:00'), discount: '0.100' },
      },
      { name: 'Cleo', last: { id: 6, placedAt: at('02-15 12:00'), paidAt: null, discount: null } },
      {
        name: 'Dan',
        last: { id: 4, placedAt: at('02-29 18:30'), paidAt: at('03-01 09:00'), discount: '0.125' },
      },
      { name: 'émile', last: null },
      { name: 'eve_100%', last: null },
    ],
  ),
  query(
    'three levels',
    (db) =>
      db
        .selectFrom('account')
        .select((eb) => [
          'name',
          jsonArrayFrom(
            eb
              .selectFrom('purchase')
              .select((p) => [
                'purchase.id',
                jsonArrayFrom(
                  p
                    .selectFrom('purchaseLine')
                    .select((l) => [
                      'quantity',
                      jsonObjectFrom(
                        l
                          .selectFrom('product')
                          .select(['product.name', 'product.price', 'product.weight'])
                          .whereRef('product.id', '=', 'purchaseLine.productId'),
                      ).as('product'),
                    ])
                    .whereRef('purchaseLine.purchaseId', '=', 'purchase.id')
                    .orderBy('position'),
                ).as('lines'),
              ])
              .whereRef('purchase.accountId', '=', 'account.id')
              .orderBy('purchase.id'),
          ).as('purchases'),
        ])
        .where('account.id', '=', 1),
    [
      {
        name: 'Ada',
        purchases: [
          {
            id: 1,
            lines: [
              { quantity: 1, product: { name: 'Atlas', price: '39.90', weight: 1.5 } },
              { quantity: 10, product: { name: 'Bone', price: '9.90', weight: 0.25 } },
            ],
          },
          {
            id: 3,
            lines: [
              { quantity: 3, product: { name: 'Bone', price: '9.90', weight: 0.25 } },
              { quantity: 1, product: { name: 'Emma', price: '7.00', weight: 0.5 } },
            ],
          },
          { id: 5, lines: [{ quantity: 1, product: { name: 'Dixit', price: '29.00', weight: 1.25 } }] },
        ],
      },
    ],
  ),
  query(
    'every type in a relation',
    (db) =>
      db
        .selectFrom('account')
        .select((eb) => [
          'id',
          jsonObjectFrom(
            eb.selectFrom('account as same').selectAll('same').whereRef('same.id', '=', 'account.id'),
          ).as('same'),
        ])
        .where('id', 'in', [1, 5])
        .orderBy('id'),
    [
      {
        id: 1,
        same: {
          id: 1,
          email: 'ada@example.com',
          name: 'Ada',
          role: 'admin',
          isActive: true,
          balance: '120.50',
          points: 9007199254740993n,
          score: 4.5,
          createdAt: at('01-05 09:00'),
          birthday: '1990-05-17',
          settings: { mail: { weekly: true }, limit: 10, theme: 'dark', labels: ['vip', 'beta'] },
          avatar: new Uint8Array([1, 2, 255]),
          referrerId: null,
        },
      },
      {
        id: 5,
        same: {
          id: 5,
          email: 'émile@example.com',
          name: 'émile',
          role: 'guest',
          isActive: true,
          balance: null,
          points: 7n,
          score: 1,
          createdAt: at('03-01 08:15'),
          birthday: '1990-05-18',
          settings: {},
          avatar: null,
          referrerId: null,
        },
      },
    ],
  ),
  query(
    'no rows: an empty array and null',
    (db) =>
      db
        .selectFrom('account')
        .select((eb) => [
          jsonArrayFrom(
            eb.selectFrom('purchase').select('id').whereRef('purchase.accountId', '=', 'account.id'),
          ).as('purchases'),
          jsonObjectFrom(
            eb.selectFrom('purchase').select('id').whereRef('purchase.accountId', '=', 'account.id'),
          ).as('purchase'),
        ])
        .where('id', '=', 6),
    [{ purchases: [], purchase: null }],
  ),
  query(
    'the tags of products through a join',
    (db) =>
      db
        .selectFrom('product')
        .select((eb) => [
          'name',
          jsonArrayFrom(
            eb
              .selectFrom('productTag')
              .innerJoin('tag', 'tag.id', 'productTag.tagId')
              .select('tag.label')
              .whereRef('productTag.productId', '=', 'product.id')
              .orderBy('tag.label'),
          ).as('tags'),
        ])
        .where('id', 'in', [3, 6])
        .orderBy('id'),
    [
      { name: 'Chess', tags: [{ label: 'classic' }, { label: 'family' }] },
      { name: 'Fables', tags: [] },
    ],
  ),
  query(
    'aggregates in a relation',
    (db) =>
      db
        .selectFrom('category')
        .select((eb) => [
          'name',
          jsonObjectFrom(
            eb
              .selectFrom('product')
              .select((p) => [
                p.fn.countAll<number>().as('products'),
                p.fn.avg<string>('price').as('mean'),
                p.fn.max('price').as('most'),
                p.fn.sum<string>('stock').as('stock'),
                p.fn.min('releasedOn').as('first'),
                p.fn.max('weight').as('heaviest'),
              ])
              .whereRef('product.categoryId', '=', 'category.id'),
          ).as('numbers'),
        ])
        .orderBy('category.id'),
    [
      {
        name: 'All',
        numbers: { products: 0, mean: null, most: null, stock: null, first: null, heaviest: null },
      },
      {
        name: 'Books',
        numbers: {
          products: 2,
          mean: '23.4500000000000000',
          most: '39.90',
          stock: '15',
          first: '1815-12-23',
          heaviest: 1.5,
        },
      },
      {
        name: 'Games',
        numbers: { products: 0, mean: null, most: null, stock: null, first: null, heaviest: null },
      },
      {
        name: 'Comics',
        numbers: {
          products: 2,
          mean: '54.9500000000000000',
          most: '100.00',
          stock: '160',
          first: '1991-07-01',
          heaviest: 0.25,
        },
      },
      {
        name: 'Board games',
        numbers: {
          products: 2,
          mean: '26.7500000000000000',
          most: '29.00',
          stock: '9',
          first: '2008-01-01',
          heaviest: 2,
        },
      },
    ],
  ),
  query(
    'groups in a relation',
    (db) =>
      db
        .selectFrom('account')
        .select((eb) => [
          'id',
          jsonArrayFrom(
            eb
              .selectFrom('event')
              .select((e) => [
                bucket('day', e.ref('at')).as('day'),
                e.fn.countAll<number>().as('events'),
                e.fn.sum<string>('bytes').as('bytes'),
              ])
              .whereRef('event.accountId', '=', 'account.id')
              .groupBy('day')
              .orderBy('day'),
          ).as('days'),
        ])
        .where('id', 'in', [2, 4])
        .orderBy('id'),
    [
      { id: 2, days: [{ day: at('03-01 00:00'), events: 2, bytes: '1800' }] },
      { id: 4, days: [{ day: at('03-02 00:00'), events: 2, bytes: '70' }] },
    ],
  ),
];
