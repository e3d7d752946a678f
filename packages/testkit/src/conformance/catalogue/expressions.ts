import { type Catalogue, query } from './catalogue-query.js';
import { at } from './shop-rows.js';

/** CASE, COALESCE, NULLIF, GREATEST and LEAST of every type. */
export const EXPRESSIONS: Catalogue = [
  query(
    'coalesce of each type',
    (db) =>
      db
        .selectFrom('account')
        .select((eb) => [
          'id',
          eb.fn.coalesce('balance', eb.val('0')).as('balance'),
          eb.fn.coalesce('score', eb.val(0)).as('score'),
          eb.fn.coalesce('birthday', eb.val('1900-01-01')).as('birthday'),
          eb.fn.coalesce('avatar', eb.val(new Uint8Array([7]))).as('avatar'),
          eb.fn.coalesce('referrerId', 'id').as('referrer'),
        ])
        .where('id', 'in', [2, 5])
        .orderBy('id'),
    [
      { id: 2, balance: '9.90', score: 0, birthday: '1900-01-01', avatar: new Uint8Array([7]), referrer: 1 },
      { id: 5, balance: '0', score: 1, birthday: '1990-05-18', avatar: new Uint8Array([7]), referrer: 5 },
    ],
  ),
  query(
    'coalesce of JSON',
    (db) =>
      db
        .selectFrom('account')
        .select((eb) => eb.fn.coalesce('settings', eb.val({ none: true })).as('settings'))
        .where('id', 'in', [2, 3])
        .orderBy('id'),
    [{ settings: { limit: 9, theme: 'light' } }, { settings: { none: true } }],
  ),
  query(
    'coalesce of a sub-select',
    (db) =>
      db
        .selectFrom('account')
        .select((eb) => [
          'id',
          eb.fn
            .coalesce(
              eb
                .selectFrom('purchase')
                .select((p) => p.fn.max('placedAt').as('last'))
                .whereRef('purchase.accountId', '=', 'account.id'),
              'account.createdAt',
            )
            .as('seen'),
        ])
        .orderBy('id'),
    [
      { id: 1, seen: at('03-01 07:00') },
      { id: 2, seen: at('01-31 23:59:59.999') },
      { id: 3, seen: at('02-15 12:00') },
      { id: 4, seen: at('02-29 18:30') },
      { id: 5, seen: at('03-01 08:15') },
      { id: 6, seen: at('03-01 20:45') },
    ],
  ),
  query(
    'nullif of each type',
    (db) =>
      db
        .selectFrom('account')
        .select((eb) => [
          eb.fn<string>('nullif', ['balance', eb.val('0')]).as('balance'),
          eb.fn<number>('nullif', ['score', eb.val(3.25)]).as('score'),
          eb.fn<string>('nullif', ['birthday', eb.val('1985-12-31')]).as('birthday'),
          eb.fn<Date>('nullif', ['createdAt', eb.val(at('02-11 12:00'))]).as('createdAt'),
          eb.fn<boolean>('nullif', ['isActive', eb.val(true)]).as('isActive'),
        ])
        .where('id', '=', 3),
    [{ balance: null, score: null, birthday: null, createdAt: null, isActive: false }],
  ),
  query(
    'a ratio that would divide by zero',
    (db) =>
      db
        .selectFrom('product')
        .select((eb) => [
          'id',
          eb('price', '/', eb.fn<number>('nullif', ['stock', eb.lit(0)]) as never).as('ratio'),
        ])
        .where('id', 'in', [3, 4])
        .orderBy('id'),
    [
      { id: 3, ratio: '2.7222222222222222' },
      { id: 4, ratio: null },
    ],
  ),
  query(
    'a whole ratio',
    (db) =>
      db
        .selectFrom('product')
        .select((eb) => [
          'id',
          eb('stock', '/', 7).as('boxes'),
          eb('stock', '%', 7).as('rest'),
          eb(eb.neg(eb.ref('stock')), '/', 7).as('negative'),
        ])
        .where('stock', '>', 0)
        .orderBy('id'),
    [
      { id: 1, boxes: 1, rest: 5, negative: -1 },
      { id: 2, boxes: 17, rest: 1, negative: -17 },
      { id: 3, boxes: 1, rest: 2, negative: -1 },
      { id: 5, boxes: 0, rest: 3, negative: 0 },
      { id: 6, boxes: 5, rest: 5, negative: -5 },
      { id: 7, boxes: 0, rest: 2, negative: 0 },
    ],
  ),
  query(
    'a case of times',
    (db) =>
      db
        .selectFrom('purchase')
        .select((eb) => [
          'id',
          eb
            .case()
            .when('status', '=', 'shipped')
            .then(eb.ref('shippedAt'))
            .when('status', '=', 'paid')
            .then(eb.ref('paidAt'))
            .end()
            .as('at'),
        ])
        .orderBy('at', 'desc')
        .orderBy('id'),
    [
      { id: 5, at: null },
      { id: 6, at: null },
      { id: 4, at: at('03-01 09:00') },
      { id: 2, at: at('02-03 12:00') },
      { id: 3, at: at('02-01 01:00') },
      { id: 1, at: at('01-12 08:00') },
    ],
  ),
  query(
    'a case of a column and a Date',
    (db) =>
      db
        .selectFrom('purchase')
        .select((eb) => [
          'id',
          eb.case().when('paidAt', 'is', null).then(at('12-31 00:00')).else(eb.ref('paidAt')).end().as('at'),
        ])
        .orderBy('id'),
    [
      { id: 1, at: at('01-10 10:05') },
      { id: 2, at: at('02-01 00:00') },
      { id: 3, at: at('02-01 01:00') },
      { id: 4, at: at('03-01 09:00') },
      { id: 5, at: at('12-31 00:00') },
      { id: 6, at: at('12-31 00:00') },
    ],
  ),
  query(
    'a case of numerics and a whole number',
    (db) =>
      db
        .selectFrom('product')
        .select((eb) => [
          'id',
          eb
            .case()
            .when('isArchived', '=', true)
            .then(eb.lit(0))
            .else(eb.ref('price') as never)
            .end()
            .as('price'),
        ])
        .where('id', '>=', 5)
        .orderBy('price' as never),
    [
      { id: 6, price: '0' },
      { id: 5, price: '7.00' },
      { id: 7, price: '60.00' },
    ],
  ),
  query(
    'a case without else',
    (db) =>
      db
        .selectFrom('account')
        .select((eb) => ['id', eb.case().when('balance', '<', '0').then('debt').end().as('note')])
        .orderBy('id'),
    [
      { id: 1, note: null },
      { id: 2, note: null },
      { id: 3, note: null },
      { id: 4, note: null },
      { id: 5, note: null },
      { id: 6, note: 'debt' },
    ],
  ),
  query(
    'a simple case on a date',
    (db) =>
      db
        .selectFrom('account')
        .select((eb) => [
          'id',
          eb.case('birthday').when('1990-05-17').then('Ada').else('other').end().as('who'),
        ])
        .where('id', '<=', 2)
        .orderBy('id'),
    [
      { id: 1, who: 'Ada' },
      { id: 2, who: 'other' },
    ],
  ),
  query(
    'a simple case on a time',
    (db) =>
      db
        .selectFrom('account')
        .select((eb) => ['id', eb.case('createdAt').when(at('02-29 00:00')).then(1).else(0).end().as('is')])
        .orderBy('id'),
    [
      { id: 1, is: 0 },
      { id: 2, is: 0 },
      { id: 3, is: 0 },
      { id: 4, is: 1 },
      { id: 5, is: 0 },
      { id: 6, is: 0 },
    ],
  ),
  query(
    'a case as a condition',
    (db) =>
      db
        .selectFrom('account')
        .select('id')
        .where(
          (eb) =>
            eb
              .case()
              .when('role', '=', 'admin')
              .then(eb.lit(true))
              .else(eb('balance', '>', '500'))
              .end() as never,
        )
        .orderBy('id'),
    [{ id: 1 }, { id: 4 }],
  ),
  query(
    'a case in an aggregate, by group',
    (db) =>
      db
        .selectFrom('purchase')
        .select((eb) => [
          'accountId',
          eb.fn.max(eb.case().when('status', '!=', 'open').then(eb.ref('placedAt')).end()).as('last'),
        ])
        .groupBy('accountId')
        .orderBy('accountId'),
    [
      { accountId: 1, last: at('02-01 00:00') },
      { accountId: 2, last: at('01-31 23:59:59.999') },
      { accountId: 3, last: at('02-15 12:00') },
      { accountId: 4, last: at('02-29 18:30') },
    ],
  ),
  query(
    'greatest and least of times',
    (db) =>
      db
        .selectFrom('purchase')
        .select((eb) => [
          'id',
          eb.fn<Date>('greatest', ['placedAt', 'paidAt']).as('late'),
          eb.fn<Date>('least', ['placedAt', eb.val(at('02-01 00:00'))]).as('early'),
        ])
        .orderBy('id'),
    [
      { id: 1, late: at('01-10 10:05'), early: at('01-10 10:00') },
      { id: 2, late: at('02-01 00:00'), early: at('01-31 23:59:59.999') },
      { id: 3, late: at('02-01 01:00'), early: at('02-01 00:00') },
      { id: 4, late: at('03-01 09:00'), early: at('02-01 00:00') },
      { id: 5, late: at('03-01 07:00'), early: at('02-01 00:00') },
      { id: 6, late: at('02-15 12:00'), early: at('02-01 00:00') },
    ],
  ),
  query(
    'greatest of dates with NULL',
    (db) =>
      db
        .selectFrom('account')
        .select((eb) => ['id', eb.fn<string>('greatest', ['birthday', eb.val('1990-01-01')]).as('day')])
        .orderBy('id'),
    [
      { id: 1, day: '1990-05-17' },
      { id: 2, day: '1990-01-01' },
      { id: 3, day: '1990-01-01' },
      { id: 4, day: '2001-02-28' },
      { id: 5, day: '1990-05-18' },
      { id: 6, day: '1990-01-01' },
    ],
  ),
];
