import { sql } from 'kysely';
import { type Catalogue, query, refusal } from './catalogue-query.js';
import { at } from './shop-rows.js';

/** Set operations. */
export const SETS: Catalogue = [
  query(
    'the ids of two tables, each once',
    (db) =>
      db
        .selectFrom('purchase')
        .select('accountId as id')
        .union(db.selectFrom('session').select('accountId as id'))
        .orderBy('id'),
    [{ id: 1 }, { id: 2 }, { id: 3 }, { id: 4 }],
  ),
  query(
    'all of two tables',
    (db) =>
      db
        .selectFrom('session')
        .select('accountId as id')
        .unionAll(db.selectFrom('grant').select('accountId as id'))
        .orderBy('id'),
    [{ id: 1 }, { id: 1 }, { id: 1 }, { id: 1 }, { id: 1 }, { id: 2 }, { id: 2 }, { id: 4 }, { id: 4 }],
  ),
  query(
    'in both',
    (db) =>
      db
        .selectFrom('purchase')
        .select('accountId')
        .intersect(db.selectFrom('session').select('accountId'))
        .orderBy('accountId'),
    [{ accountId: 1 }, { accountId: 2 }, { accountId: 4 }],
  ),
  query(
    'in one only',
    (db) =>
      db
        .selectFrom('account')
        .select('id')
        .except(db.selectFrom('purchase').select('accountId as id'))
        .orderBy('id'),
    [{ id: 5 }, { id: 6 }],
  ),
  query(
    'a union of prices and balances',
    (db) =>
      db
        .selectFrom('product')
        .select('price as amount')
        .where('stock', '<', 10)
        .union(
          db
            .selectFrom('account')
            .select('balance as amount')
            .where('balance', 'is not', null)
            .$narrowType<{ amount: string }>(),
        )
        .orderBy('amount', 'desc'),
    [
      { amount: '1000.00' },
      { amount: '120.50' },
      { amount: '60.00' },
      { amount: '29.00' },
      { amount: '24.50' },
      { amount: '9.90' },
      { amount: '7.00' },
      { amount: '0.00' },
      { amount: '-5.25' },
    ],
  ),
  refusal(
    'a union of a numeric and a whole number',
    (db) =>
      db
        .selectFrom('product')
        .select('price as amount')
        .where('id', '<', 3)
        .unionAll(db.selectFrom('product').select('stock as amount').where('id', '<', 3) as never)
        .orderBy('amount'),
    'untyped_expression',
  ),
  query(
    'a union of a numeric and a whole number that is cast',
    (db) =>
      db
        .selectFrom('product')
        .select('price as amount')
        .where('id', '<', 3)
        .unionAll(
          db
            .selectFrom('product')
            .select((eb) => eb.cast<string>('stock', 'numeric').as('amount'))
            .where('id', '<', 3),
        )
        .orderBy('amount'),
    [{ amount: '9.90' }, { amount: '12' }, { amount: '39.90' }, { amount: '120' }],
  ),
  query(
    'a union of dates',
    (db) =>
      db
        .selectFrom('product')
        .select('releasedOn as day')
        .where('id', 'in', [1, 7])
        .union(db.selectFrom('account').select('birthday as day').where('id', '=', 1))
        .orderBy('day'),
    [{ day: '1990-05-17' }, { day: '2020-02-29' }, { day: '2020-03-01' }],
  ),
  query(
    'a union of times with a limit',
    (db) =>
      db
        .selectFrom('purchase')
        .select('placedAt as at')
        .unionAll(db.selectFrom('event').select('at'))
        .orderBy('at', 'desc')
        .limit(2)
        .offset(1),
    [{ at: at('03-02 00:00') }, { at: at('03-01 10:45') }],
  ),
  query(
    'a union of booleans',
    (db) =>
      db
        .selectFrom('account')
        .select('isActive as flag')
        .union(db.selectFrom('product').select('isArchived as flag'))
        .orderBy('flag'),
    [{ flag: false }, { flag: true }],
  ),
  query(
    'a union of uuids',
    (db) =>
      db
        .selectFrom('product')
        .select('code')
        .where('id', '<', 3)
        .union(db.selectFrom('session').select('token as code'))
        .orderBy('code'),
    [
      { code: '11111111-0000-4000-8000-000000000000' },
      { code: '22222222-0000-4000-8000-000000000000' },
      { code: '33333333-0000-4000-8000-000000000000' },
      { code: '44444444-0000-4000-8000-000000000000' },
    ],
  ),
  query(
    'a union of bytes',
    (db) =>
      db
        .selectFrom('account')
        .select('avatar')
        .where('avatar', 'is not', null)
        .union(db.selectFrom('account').select('avatar').where('id', '=', 1))
        .orderBy('avatar'),
    [{ avatar: new Uint8Array([]) }, { avatar: new Uint8Array([1, 2, 255]) }],
  ),
  query(
    'a union of three',
    (db) =>
      db
        .selectFrom('tag')
        .select('label as word')
        .union(db.selectFrom('category').select('name as word'))
        .union(db.selectFrom('grant').select('permission as word'))
        .orderBy('word'),
    [
      { word: 'All' },
      { word: 'Board games' },
      { word: 'Books' },
      { word: 'Comics' },
      { word: 'Games' },
      { word: 'New' },
      { word: 'classic' },
      { word: 'family' },
      { word: 'read' },
      { word: 'unused' },
      { word: 'write' },
    ],
  ),
  query(
    'the rows of a union, counted',
    (db) =>
      db
        .selectFrom(
          db
            .selectFrom('purchase')
            .select('accountId')
            .unionAll(db.selectFrom('event').select('accountId').$narrowType<{ accountId: number }>())
            .as('acts'),
        )
        .select((eb) => ['acts.accountId', eb.fn.countAll<number>().as('acts')])
        .groupBy('acts.accountId')
        .orderBy('acts', 'desc')
        .orderBy('acts.accountId'),
    [
      { accountId: 1, acts: 5 },
      { accountId: 2, acts: 3 },
      { accountId: 4, acts: 3 },
      { accountId: 3, acts: 1 },
      { accountId: null, acts: 1 },
    ],
  ),
  query(
    'the sum of a union',
    (db) =>
      db
        .selectFrom(
          db
            .selectFrom('purchaseLine')
            .select('unitPrice as amount')
            .where('purchaseId', '=', 1)
            .unionAll(
              db
                .selectFrom('purchaseLine')
                .select((eb) => eb.neg(eb.ref('unitPrice') as never).as('amount') as never)
                .where('purchaseId', '=', 3) as never,
            )
            .as('amounts'),
        )
        .select((eb) => [
          eb.fn.sum<string>('amounts.amount').as('sum'),
          eb.fn.min('amounts.amount').as('least'),
        ]),
    [{ sum: '32.50', least: '-9.90' }],
  ),
  query(
    'a literal in one arm, a value in the other',
    (db) =>
      db
        .selectFrom('tag')
        .select((eb) => ['id', eb.lit<number>(1).as('weight')])
        .where('id', '<', 3)
        .unionAll(
          db
            .selectFrom('category')
            .select((eb) => ['id', eb.val(2).as('weight')])
            .where('id', '=', 5),
        )
        .orderBy('weight')
        .orderBy('id'),
    [
      { id: 1, weight: 1 },
      { id: 2, weight: 1 },
      { id: 5, weight: 2 },
    ],
  ),
  refusal(
    'a union of JSON, each once',
    (db) =>
      db
        .selectFrom('account')
        .select('settings')
        .where('id', '=', 1)
        .union(db.selectFrom('account').select('settings').where('id', '=', 2)),
    'untyped_expression',
  ),
  query(
    'a union of JSON, all of it',
    (db) =>
      db
        .selectFrom('account')
        .select(['id', 'settings'])
        .where('id', '=', 2)
        .unionAll(db.selectFrom('account').select(['id', 'settings']).where('id', '=', 5))
        .orderBy('id'),
    [
      { id: 2, settings: { limit: 9, theme: 'light' } },
      { id: 5, settings: {} },
    ],
  ),
  query(
    'all prices and balances, sorted by the number of a column',
    (db) =>
      db
        .selectFrom('product')
        .select('price as amount')
        .where('id', '<', 3)
        .unionAll(
          db
            .selectFrom('account')
            .select('balance as amount')
            .where('id', '<', 3)
            .$narrowType<{ amount: string }>(),
        )
        .orderBy(sql`1 desc`),
    [{ amount: '120.50' }, { amount: '39.90' }, { amount: '9.90' }, { amount: '9.90' }],
  ),
  query(
    'all columns, sorted by the number of one',
    (db) =>
      db
        .selectFrom('reading')
        .selectAll()
        .where('sensor', '=', 'roof')
        .orderBy((eb) => eb.lit(4), 'desc'),
    [
      { sensor: 'roof', at: at('03-01 01:05'), value: 3, raw: '3' },
      { sensor: 'roof', at: at('03-01 00:55'), value: 1.25, raw: '1.250' },
      { sensor: 'roof', at: at('03-01 00:05'), value: -2.5, raw: '-2.5' },
    ],
  ),
  query(
    'numerics of different scales, grouped by the number of a column',
    (db) =>
      db
        .selectFrom(
          db
            .selectFrom(
              db
                .selectFrom('reading')
                .select('raw')
                .where('sensor', '=', 'roof')
                .unionAll(
                  db
                    .selectFrom('reading')
                    .select((eb) => eb('raw', '*', '1.0').as('raw'))
                    .where('sensor', '=', 'roof'),
                )
                .as('both'),
            )
            .select((eb) => ['both.raw', eb.fn.countAll<number>().as('times')])
            .groupBy(sql`1`)
            .as('told'),
        )
        .select('told.times'),
    [{ times: 2 }, { times: 2 }, { times: 2 }],
  ),
];
