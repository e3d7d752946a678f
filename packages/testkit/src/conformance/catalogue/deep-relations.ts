import { jsonArrayFrom, jsonObjectFrom } from '@sluice/core';
import {
  jsonArrayFrom as jsonArrayOfPostgres,
  jsonObjectFrom as jsonObjectOfPostgres,
} from 'kysely/helpers/postgres';
import { jsonArrayFrom as jsonArrayOfSqlite } from 'kysely/helpers/sqlite';
import { type Catalogue, change, query } from './catalogue-query.js';
import { at } from './shop-rows.js';

/** Relations with computed columns, of derived tables, and of Kysely itself. */
export const DEEP_RELATIONS: Catalogue = [
  query(
    'computed columns in a relation',
    (db) =>
      db
        .selectFrom('account')
        .select((eb) => [
          jsonArrayFrom(
            eb
              .selectFrom('purchase')
              .select((p) => [
                'id',
                p('paidAt', 'is not', null).as('isPaid'),
                p.fn.coalesce('paidAt', 'placedAt').as('at'),
                p.fn.coalesce('discount', p.val('0')).as('discount'),
                p.case().when('status', '=', 'open').then(1).else(0).end().as('open'),
              ])
              .whereRef('purchase.accountId', '=', 'account.id')
              .orderBy('id'),
          ).as('purchases'),
        ])
        .where('account.id', '=', 1),
    [
      {
        purchases: [
          { id: 1, isPaid: true, at: at('01-10 10:05'), discount: '0', open: 0 },
          { id: 3, isPaid: true, at: at('02-01 01:00'), discount: '0', open: 0 },
          { id: 5, isPaid: false, at: at('03-01 07:00'), discount: '0', open: 1 },
        ],
      },
    ],
  ),
  query(
    'a relation in a WITH, selected from outside',
    (db) =>
      db
        .with('withLines', (cte) =>
          cte
            .selectFrom('purchase')
            .select((eb) => [
              'id',
              jsonArrayFrom(
                eb
                  .selectFrom('purchaseLine')
                  .select(['unitPrice'])
                  .whereRef('purchaseLine.purchaseId', '=', 'purchase.id')
                  .orderBy('position'),
              ).as('lines'),
            ]),
        )
        .selectFrom('withLines')
        .selectAll()
        .where('id', '=', 3),
    [{ id: 3, lines: [{ unitPrice: '9.90' }, { unitPrice: '7.00' }] }],
  ),
  query(
    'a relation of a derived table through a left join',
    (db) =>
      db
        .selectFrom('account')
        .leftJoin(
          (eb) =>
            eb
              .selectFrom('purchase')
              .select((p) => [
                'accountId',
                jsonObjectFrom(
                  p
                    .selectFrom('purchaseLine')
                    .select(['unitPrice', 'quantity'])
                    .whereRef('purchaseLine.purchaseId', '=', 'purchase.id')
                    .orderBy('position')
                    .limit(1),
                ).as('first'),
              ])
              .where('purchase.id', 'in', [2, 4])
              .as('p'),
          (join) => join.onRef('p.accountId', '=', 'account.id'),
        )
        .select(['account.id', 'p.first'])
        .where('account.id', 'in', [1, 2, 4])
        .orderBy('account.id'),
    [
      { id: 1, first: null },
      { id: 2, first: { unitPrice: '24.50', quantity: 2 } },
      { id: 4, first: { unitPrice: '60.00', quantity: 2 } },
    ],
  ),
  query(
    "Kysely's own helper for PostgreSQL",
    (db) =>
      db
        .selectFrom('account')
        .select((eb) => [
          'id',
          jsonArrayOfPostgres(
            eb
              .selectFrom('session')
              .select(['device', 'createdAt', 'accountId'])
              .whereRef('session.accountId', '=', 'account.id')
              .orderBy('createdAt'),
          ).as('sessions'),
        ])
        .where('id', 'in', [1, 3])
        .orderBy('id'),
    [
      {
        id: 1,
        sessions: [
          { device: 'laptop', createdAt: '2024-02-01T10:00:00.000Z', accountId: 1 },
          { device: 'phone', createdAt: '2024-03-01T10:00:00.000Z', accountId: 1 },
        ],
      },
      { id: 3, sessions: [] },
    ],
  ),
  query(
    "Kysely's own helper for SQLite",
    (db) =>
      db
        .selectFrom('account')
        .select((eb) => [
          'id',
          jsonArrayOfSqlite(
            eb
              .selectFrom('session')
              .select(['session.device', 'session.createdAt'])
              .whereRef('session.accountId', '=', 'account.id')
              .orderBy('session.createdAt'),
          ).as('sessions'),
        ])
        .where('id', '=', 1),
    [
      {
        id: 1,
        sessions: [
          { device: 'laptop', createdAt: '2024-02-01T10:00:00.000Z' },
          { device: 'phone', createdAt: '2024-03-01T10:00:00.000Z' },
        ],
      },
    ],
  ),
  query(
    "Kysely's own helper for an object",
    (db) =>
      db
        .selectFrom('purchase')
        .select((eb) => [
          'id',
          jsonObjectOfPostgres(
            eb
              .selectFrom('account')
              .select([
                'account.isActive',
                'account.balance',
                'account.birthday',
                'account.settings',
                'account.avatar',
              ])
              .whereRef('account.id', '=', 'purchase.accountId'),
          ).as('account'),
        ])
        .where('id', '=', 1),
    [
      {
        id: 1,
        account: {
          isActive: true,
          balance: '120.50',
          birthday: '1990-05-17',
          settings: { mail: { weekly: true }, limit: 10, theme: 'dark', labels: ['vip', 'beta'] },
          avatar: '0102FF',
        },
      },
    ],
  ),
  query(
    'pages of a relation',
    (db) =>
      db
        .selectFrom('account')
        .select((eb) => [
          'id',
          jsonArrayFrom(
            eb
              .selectFrom('message')
              .select('body')
              .whereRef('message.authorId', '=', 'account.id')
              .orderBy('sentAt', 'desc')
              .limit(1)
              .offset(1),
          ).as('second'),
        ])
        .where('id', 'in', [1, 2, 4])
        .orderBy('id'),
    [
      { id: 1, second: [{ body: 'Hello' }] },
      { id: 2, second: [{ body: 'hello Ada' }] },
      { id: 4, second: [{ body: 'Grüße 🌊' }] },
    ],
  ),
  query(
    'a tree of categories, two levels',
    (db) =>
      db
        .selectFrom('category')
        .select((eb) => [
          'name',
          jsonArrayFrom(
            eb
              .selectFrom('category as child')
              .select((c) => [
                'child.name',
                jsonArrayFrom(
                  c
                    .selectFrom('category as grand')
                    .select('grand.name')
                    .whereRef('grand.parentId', '=', 'child.id'),
                ).as('children'),
              ])
              .whereRef('child.parentId', '=', 'category.id')
              .orderBy('child.id'),
          ).as('children'),
        ])
        .where('parentId', 'is', null),
    [
      {
        name: 'All',
        children: [
          { name: 'Books', children: [{ name: 'Comics' }] },
          { name: 'Games', children: [{ name: 'Board games' }] },
        ],
      },
    ],
  ),
  query(
    'a relation with a window',
    (db) =>
      db
        .selectFrom('account')
        .select((eb) => [
          jsonArrayFrom(
            eb
              .selectFrom('purchase')
              .select((p) => [
                'id',
                p.fn
                  .agg<number>('row_number')
                  .over((over) => over.orderBy('placedAt'))
                  .as('nth'),
                p.fn
                  .agg<Date | null>('lag', ['placedAt'])
                  .over((over) => over.orderBy('placedAt'))
                  .as('before'),
              ])
              .whereRef('purchase.accountId', '=', 'account.id')
              .orderBy('placedAt'),
          ).as('purchases'),
        ])
        .where('account.id', '=', 1),
    [
      {
        purchases: [
          { id: 1, nth: 1, before: null },
          { id: 3, nth: 2, before: at('01-10 10:00') },
          { id: 5, nth: 3, before: at('02-01 00:00') },
        ],
      },
    ],
  ),
  query(
    'a relation of a union, in a derived table',
    (db) =>
      db
        .selectFrom('account')
        .select((eb) => [
          jsonArrayFrom(
            eb
              .selectFrom(
                db
                  .selectFrom('purchase')
                  .select(['accountId', 'placedAt as at'])
                  .unionAll(db.selectFrom('message').select(['authorId as accountId', 'sentAt as at']))
                  .as('acts'),
              )
              .select('acts.at')
              .whereRef('acts.accountId', '=', 'account.id')
              .orderBy('acts.at'),
          ).as('acts'),
        ])
        .where('account.id', '=', 4),
    [{ acts: [{ at: at('02-29 18:30') }, { at: at('03-01 09:10') }, { at: at('03-01 10:00') }] }],
  ),
  change(
    'a relation in RETURNING',
    (db) =>
      db
        .updateTable('purchase')
        .set({ status: 'shipped' })
        .where('id', '=', 3)
        .returning((eb) => [
          'id',
          jsonArrayFrom(
            eb
              .selectFrom('purchaseLine')
              .select(['unitPrice', 'quantity'])
              .whereRef('purchaseLine.purchaseId', '=', 'purchase.id')
              .orderBy('position'),
          ).as('lines'),
        ]),
    [
      {
        id: 3,
        lines: [
          { unitPrice: '9.90', quantity: 3 },
          { unitPrice: '7.00', quantity: 1 },
        ],
      },
    ],
  ),
];
