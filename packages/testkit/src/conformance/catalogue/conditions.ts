import { durationMs } from '@sluice/core';
import { sql } from 'kysely';
import { type Catalogue, query, refusal } from './catalogue-query.js';
import { at } from './shop-rows.js';

/** Conditions, casts, groups and HAVING. */
export const CONDITIONS: Catalogue = [
  query(
    'comparisons with NULL',
    (db) =>
      db
        .selectFrom('account')
        .select((eb) => [
          'id',
          eb('score', '>', 2).as('more'),
          eb('balance', '=', '0').as('none'),
          eb('birthday', 'is', null).as('unknown'),
          eb('settings', 'is not', null).as('hasSettings'),
        ])
        .orderBy('id'),
    [
      { id: 1, more: true, none: false, unknown: false, hasSettings: true },
      { id: 2, more: null, none: false, unknown: true, hasSettings: true },
      { id: 3, more: true, none: true, unknown: false, hasSettings: false },
      { id: 4, more: true, none: false, unknown: false, hasSettings: true },
      { id: 5, more: false, none: null, unknown: false, hasSettings: true },
      { id: 6, more: false, none: false, unknown: true, hasSettings: true },
    ],
  ),
  query(
    'is distinct from, on numerics',
    (db) => db.selectFrom('account').select('id').where('balance', 'is distinct from', '0').orderBy('id'),
    [{ id: 1 }, { id: 2 }, { id: 4 }, { id: 5 }, { id: 6 }],
  ),
  query(
    'is not distinct from NULL',
    (db) => db.selectFrom('account').select('id').where('balance', 'is not distinct from', null),
    [{ id: 5 }],
  ),
  query(
    'not in with NULL in the sub-select finds nothing',
    (db) =>
      db
        .selectFrom('category')
        .select('id')
        .where('id', 'not in', (eb) => eb.selectFrom('category').select('parentId') as never),
    [],
  ),
  query(
    'or of and',
    (db) =>
      db
        .selectFrom('product')
        .select('id')
        .where((eb) =>
          eb.or([
            eb.and([eb('price', '>', '50'), eb('isArchived', '=', false)]),
            eb.and({ categoryId: 2, isArchived: false }),
          ]),
        )
        .orderBy('id'),
    [{ id: 1 }, { id: 5 }, { id: 7 }],
  ),
  query(
    'not of or',
    (db) =>
      db
        .selectFrom('product')
        .select('id')
        .where((eb) => eb.not(eb.or([eb('price', '>', '25'), eb('stock', '<', 5)])))
        .orderBy('id'),
    [{ id: 2 }, { id: 3 }],
  ),
  query(
    'between times of two columns',
    (db) =>
      db
        .selectFrom('session')
        .select('device')
        .where((eb) =>
          eb.between(eb.val(at('03-01 12:00')), eb.ref('createdAt') as never, eb.ref('expiresAt') as never),
        )
        .orderBy('createdAt'),
    [{ device: 'phone' }, { device: null }, { device: 'phone' }],
  ),
  query(
    'in a sub-select of numerics',
    (db) =>
      db
        .selectFrom('product')
        .select('name')
        .where('price', 'in', (eb) => eb.selectFrom('purchaseLine').select('unitPrice'))
        .orderBy('name'),
    [
      { name: 'Atlas' },
      { name: 'Bone' },
      { name: 'Chess' },
      { name: 'Dixit' },
      { name: 'Emma' },
      { name: 'Go' },
    ],
  ),
  query(
    'in a sub-select of times',
    (db) =>
      db
        .selectFrom('purchase')
        .select('id')
        .where('paidAt', 'in', (eb) => eb.selectFrom('purchase as p').select('p.placedAt')),
    [{ id: 2 }],
  ),
  query(
    'a tuple in a sub-select',
    (db) =>
      db
        .selectFrom('purchaseLine')
        .select(['purchaseId', 'position'])
        .where(({ eb, refTuple, selectFrom }) =>
          eb(
            refTuple('productId', 'quantity'),
            'in',
            selectFrom('purchaseLine')
              .select((e) => ['productId', e.fn.max('quantity').as('most')])
              .groupBy('productId')
              .$asTuple('productId', 'most'),
          ),
        )
        .orderBy('purchaseId')
        .orderBy('position'),
    [
      { purchaseId: 1, position: 2 },
      { purchaseId: 2, position: 1 },
      { purchaseId: 3, position: 2 },
      { purchaseId: 4, position: 1 },
      { purchaseId: 5, position: 1 },
      { purchaseId: 6, position: 1 },
    ],
  ),
  query(
    'any, by EXISTS and a comparison of numerics',
    (db) =>
      db
        .selectFrom('product')
        .select('name')
        .where((eb) =>
          eb.exists(
            eb
              .selectFrom('purchaseLine')
              .select('position')
              .whereRef('purchaseLine.productId', '=', 'product.id')
              .whereRef('purchaseLine.unitPrice', '<', 'product.price'),
          ),
        )
        .orderBy('name'),
    [{ name: 'Atlas' }, { name: 'Bone' }],
  ),
  query(
    'casts between types',
    (db) =>
      db
        .selectFrom('account')
        .select((eb) => [
          eb.cast<string>('id', 'text').as('id'),
          eb.cast<string>('points', 'text').as('points'),
          eb.cast<number>('isActive', 'integer').as('active'),
          eb.cast<string>('isActive', 'text').as('word'),
          eb.cast<number>('score', 'integer').as('score'),
          eb.cast<number>('balance', 'double precision').as('balance'),
          eb.cast<bigint>('id', 'bigint').as('big'),
        ])
        .where('id', '=', 1),
    [{ id: '1', points: '9007199254740993', active: 1, word: 'true', score: 4, balance: 120.5, big: 1 }],
  ),
  query(
    'text cast to numbers and compared',
    (db) =>
      db
        .selectFrom('event')
        .select('id')
        .where((eb) =>
          eb(
            eb.cast<string>(eb.fn('substr', [eb.ref('payload', '->>').key('ip'), eb.lit(8)]), 'integer'),
            '=',
            2 as never,
          ),
        )
        .orderBy('id'),
    [{ id: 2n }, { id: 3n }],
  ),
  query(
    'groups by a condition',
    (db) =>
      db
        .selectFrom('account')
        .select((eb) => [
          eb('balance', '>', sql.lit('0') as never).as('isPositive'),
          eb.fn.countAll<number>().as('accounts'),
        ])
        .groupBy('isPositive')
        .orderBy('isPositive'),
    [
      { isPositive: false, accounts: 2 },
      { isPositive: true, accounts: 3 },
      { isPositive: null, accounts: 1 },
    ],
  ),
  query(
    'groups by a date',
    (db) =>
      db
        .selectFrom('account')
        .select((eb) => ['birthday', eb.fn.countAll<number>().as('accounts')])
        .groupBy('birthday')
        .orderBy('birthday'),
    [
      { birthday: '1985-12-31', accounts: 1 },
      { birthday: '1990-05-17', accounts: 1 },
      { birthday: '1990-05-18', accounts: 1 },
      { birthday: '2001-02-28', accounts: 1 },
      { birthday: null, accounts: 2 },
    ],
  ),
  query(
    'groups by a numeric',
    (db) =>
      db
        .selectFrom('purchase')
        .select((eb) => ['discount', eb.fn.countAll<number>().as('purchases')])
        .groupBy('discount')
        .orderBy('discount'),
    [
      { discount: '0.100', purchases: 1 },
      { discount: '0.125', purchases: 1 },
      { discount: null, purchases: 4 },
    ],
  ),
  query(
    'having on a time',
    (db) =>
      db
        .selectFrom('event')
        .select((eb) => ['kind', eb.fn.max('at').as('last')])
        .groupBy('kind')
        .having((eb) => eb.fn.max('at'), '>=', at('03-02 00:00'))
        .orderBy('kind'),
    [
      { kind: 'order', last: at('03-02 23:59:59.999') },
      { kind: 'view', last: at('03-02 00:00') },
    ],
  ),
  query(
    'having on a count and a mean',
    (db) =>
      db
        .selectFrom('event')
        .select('kind')
        .groupBy('kind')
        .having((eb) =>
          eb.and([eb(eb.fn.countAll<number>(), '>=', 3), eb(eb.fn.avg<number>('durationMs'), '<', 50)]),
        ),
    [{ kind: 'view' }],
  ),
  query(
    'every and some, by aggregates',
    (db) =>
      db
        .selectFrom('account')
        .select((eb) => [
          'role',
          eb(eb.fn.count<number>('id').filterWhere('isActive', '=', true), '=', eb.fn.count<number>('id')).as(
            'allActive',
          ),
        ])
        .groupBy('role')
        .orderBy('role'),
    [
      { role: 'admin', allActive: true },
      { role: 'guest', allActive: false },
      { role: 'member', allActive: false },
    ],
  ),
  query(
    'distinct with an expression',
    (db) =>
      db
        .selectFrom('account')
        .select((eb) => eb('score', '*', 2).as('double'))
        .distinct()
        .orderBy('double'),
    [{ double: 2 }, { double: 4 }, { double: 6.5 }, { double: 9 }, { double: null }],
  ),
  query('the whole row', (db) => db.selectFrom('product').selectAll().where('id', '=', 1), [
    {
      id: 1,
      code: '11111111-0000-4000-8000-000000000000',
      name: 'Atlas',
      categoryId: 2,
      price: '39.90',
      weight: 1.5,
      stock: 12,
      releasedOn: '2020-03-01',
      attributes: { cover: 'hard', pages: 320, languages: ['en', 'de'] },
      isArchived: false,
    },
  ]),
  query(
    'all of one table in a join',
    (db) =>
      db
        .selectFrom('purchase')
        .innerJoin('account', 'account.id', 'purchase.accountId')
        .selectAll('purchase')
        .select('account.settings')
        .where('purchase.id', '=', 2),
    [
      {
        id: 2,
        accountId: 2,
        status: 'shipped',
        placedAt: at('01-31 23:59:59.999'),
        paidAt: at('02-01 00:00'),
        shippedAt: at('02-03 12:00'),
        discount: '0.100',
        note: null,
        settings: { limit: 9, theme: 'light' },
      },
    ],
  ),
  query(
    'arithmetic on durations',
    (db) =>
      db
        .selectFrom('purchase')
        .select((eb) => [
          'id',
          eb(durationMs(eb.ref('placedAt'), eb.ref('paidAt')), '/', 60_000).as('minutes'),
        ])
        .where('paidAt', 'is not', null)
        .orderBy('minutes')
        .orderBy('id'),
    [
      { id: 2, minutes: 0 },
      { id: 1, minutes: 5 },
      { id: 3, minutes: 60 },
      { id: 4, minutes: 870 },
    ],
  ),
  refusal(
    'a whole number times a fraction',
    (db) => db.selectFrom('account').select((eb) => eb('id', '*', 1.5).as('product')),
    'invalid_value',
  ),
  query(
    'doubles and whole numbers together',
    (db) =>
      db
        .selectFrom('account')
        .select((eb) => [
          'id',
          eb('score', '+', eb.ref('id')).as('sum'),
          eb('score', '/', 2).as('half'),
          eb(eb.cast<number>('id', 'double precision'), '*', 1.5).as('product'),
        ])
        .where('score', 'is not', null)
        .orderBy('id')
        .limit(3),
    [
      { id: 1, sum: 5.5, half: 2.25, product: 1.5 },
      { id: 3, sum: 6.25, half: 1.625, product: 4.5 },
      { id: 4, sum: 8.5, half: 2.25, product: 6 },
    ],
  ),
];
