import { addMs, bucket } from '@sluice/core';
import { sql } from 'kysely';
import { type Catalogue, query } from './catalogue-query.js';
import { at } from './shop-rows.js';

/** WITH, recursion and queries in FROM. */
export const WITH: Catalogue = [
  query(
    'totals in a WITH, compared outside',
    (db) =>
      db
        .with('totals', (cte) =>
          cte
            .selectFrom('purchaseLine')
            .select((eb) => [
              'purchaseId',
              eb.fn.sum<string>(eb('unitPrice', '*', eb.ref('quantity') as never)).as('total'),
            ])
            .groupBy('purchaseId'),
        )
        .selectFrom('totals')
        .select(['purchaseId', 'total'])
        .where('total', '>', '50')
        .orderBy('total'),
    [
      { purchaseId: 4, total: '120.00' },
      { purchaseId: 1, total: '134.90' },
      { purchaseId: 6, total: '152.00' },
    ],
  ),
  query(
    'two WITH, the second of the first',
    (db) =>
      db
        .with('paid', (cte) =>
          cte.selectFrom('purchase').select(['id', 'accountId', 'paidAt']).where('paidAt', 'is not', null),
        )
        .with('last', (cte) =>
          cte
            .selectFrom('paid')
            .select((eb) => ['accountId', eb.fn.max('paidAt').as('paidAt')])
            .groupBy('accountId'),
        )
        .selectFrom('last')
        .innerJoin('paid', (join) =>
          join.onRef('paid.accountId', '=', 'last.accountId').onRef('paid.paidAt', '=', 'last.paidAt'),
        )
        .select(['paid.id', 'last.paidAt'])
        .orderBy('paid.id'),
    [
      { id: 2, paidAt: at('02-01 00:00') },
      { id: 3, paidAt: at('02-01 01:00') },
      { id: 4, paidAt: at('03-01 09:00') },
    ],
  ),
  query(
    'a WITH used twice',
    (db) =>
      db
        .with('cheap', (cte) => cte.selectFrom('product').select(['id', 'price']).where('price', '<', '30'))
        .selectFrom('cheap as a')
        .innerJoin('cheap as b', (join) => join.onRef('a.price', '<', 'b.price'))
        .select((eb) => eb.fn.countAll<number>().as('pairs')),
    [{ pairs: 6 }],
  ),
  query(
    'a WITH with names of its columns',
    (db) =>
      db
        .with('p(number, cost)', (cte) => cte.selectFrom('product').select(['id as number', 'price as cost']))
        .selectFrom('p')
        .select(['number', 'cost'])
        .where('cost', '=', '7')
        .orderBy('number'),
    [{ number: 5, cost: '7.00' }],
  ),
  query(
    'a tree from its root, with its paths',
    (db) =>
      db
        .withRecursive('tree(id, path, depth)', (cte) =>
          cte
            .selectFrom('category')
            .select((eb) => ['id', 'name as path', eb.lit(0).as('depth')])
            .where('parentId', 'is', null)
            .unionAll(
              cte
                .selectFrom('category')
                .innerJoin('tree', 'tree.id', 'category.parentId')
                .select((eb) => [
                  'category.id',
                  sql<string>`${eb.ref('tree.path')} || ' / ' || ${eb.ref('category.name')}`.as('path'),
                  eb('tree.depth', '+', 1).as('depth'),
                ]),
            ),
        )
        .selectFrom('tree')
        .select(['path', 'depth'])
        .orderBy('path'),
    [
      { path: 'All', depth: 0 },
      { path: 'All / Books', depth: 1 },
      { path: 'All / Books / Comics', depth: 2 },
      { path: 'All / Games', depth: 1 },
      { path: 'All / Games / Board games', depth: 2 },
    ],
  ),
  query(
    'the ancestors of a category',
    (db) =>
      db
        .withRecursive('up(id, parentId)', (cte) =>
          cte
            .selectFrom('category')
            .select(['id', 'parentId'])
            .where('id', '=', 5)
            .unionAll(
              cte
                .selectFrom('category')
                .innerJoin('up', 'up.parentId', 'category.id')
                .select(['category.id', 'category.parentId']),
            ),
        )
        .selectFrom('up')
        .select('id')
        .orderBy('id'),
    [{ id: 1 }, { id: 3 }, { id: 5 }],
  ),
  query(
    'products in a category or below it',
    (db) =>
      db
        .withRecursive('down(id)', (cte) =>
          cte
            .selectFrom('category')
            .select('id')
            .where('name', '=', 'Books')
            .union(
              cte
                .selectFrom('category')
                .innerJoin('down', 'down.id', 'category.parentId')
                .select('category.id'),
            ),
        )
        .selectFrom('product')
        .innerJoin('down', 'down.id', 'product.categoryId')
        .select(['product.name', 'product.price'])
        .orderBy('product.price', 'desc'),
    [
      { name: 'Fables', price: '100.00' },
      { name: 'Atlas', price: '39.90' },
      { name: 'Bone', price: '9.90' },
      { name: 'Emma', price: '7.00' },
    ],
  ),
  query(
    'who was referred through whom, with balances',
    (db) =>
      db
        .withRecursive('chain(id, balance, createdAt, depth)', (cte) =>
          cte
            .selectFrom('account')
            .select((eb) => ['id', 'balance', 'createdAt', eb.lit(1).as('depth')])
            .where('id', '=', 1)
            .unionAll(
              cte
                .selectFrom('account')
                .innerJoin('chain', 'chain.id', 'account.referrerId')
                .select((eb) => [
                  'account.id',
                  'account.balance',
                  'account.createdAt',
                  eb('chain.depth', '+', 1).as('depth'),
                ]),
            ),
        )
        .selectFrom('chain')
        .selectAll()
        .orderBy('depth')
        .orderBy('balance'),
    [
      { id: 1, balance: '120.50', createdAt: at('01-05 09:00'), depth: 1 },
      { id: 3, balance: '0.00', createdAt: at('02-11 12:00'), depth: 2 },
      { id: 2, balance: '9.90', createdAt: at('01-20 23:30:00.123'), depth: 2 },
      { id: 4, balance: '1000.00', createdAt: at('02-29 00:00'), depth: 3 },
      { id: 6, balance: '-5.25', createdAt: at('03-01 20:45'), depth: 4 },
    ],
  ),
  query(
    'the numbers from 1 to 5',
    (db) =>
      db
        .withRecursive('n(i)', (cte) =>
          cte
            .selectNoFrom((eb) => eb.lit(1).as('i'))
            .unionAll(
              cte
                .selectFrom('n')
                .select((eb) => eb('i', '+', 1).as('i'))
                .where('i', '<', 5),
            ),
        )
        .selectFrom('n')
        .select((eb) => eb.fn.sum<string>('i').as('sum')),
    [{ sum: '15' }],
  ),
  query(
    'days without an event, of a recursion',
    (db) =>
      db
        .withRecursive('day(at)', (cte) =>
          cte
            .selectFrom('event')
            .select((eb) => bucket('day', eb.fn.min('at')).as('at'))
            .unionAll(
              cte
                .selectFrom('day')
                .select((eb) => addMs(eb.ref('at').$castTo<Date>(), 86_400_000).as('at'))
                .where('at', '<', at('03-03 00:00')),
            ),
        )
        .selectFrom('day')
        .leftJoin('event', (join) =>
          join.on((eb) => eb(bucket('day', eb.ref('event.at')), '=', eb.ref('day.at'))),
        )
        .select((eb) => ['day.at', eb.fn.count<number>('event.id').as('events')])
        .groupBy('day.at')
        .orderBy('day.at'),
    [
      { at: at('03-01 00:00'), events: 5 },
      { at: at('03-02 00:00'), events: 2 },
      { at: at('03-03 00:00'), events: 0 },
    ],
  ),
  query(
    'a derived table of groups, joined',
    (db) =>
      db
        .selectFrom('account')
        .leftJoin(
          (eb) =>
            eb
              .selectFrom('purchase')
              .select((p) => [
                'accountId',
                p.fn.countAll<number>().as('purchases'),
                p.fn.max('placedAt').as('last'),
                p.fn.avg<string>('discount').as('discount'),
              ])
              .groupBy('accountId')
              .as('stats'),
          (join) => join.onRef('stats.accountId', '=', 'account.id'),
        )
        .select((eb) => [
          'account.id',
          eb.fn.coalesce('stats.purchases', eb.lit(0)).as('purchases'),
          'stats.last',
          'stats.discount',
        ])
        .orderBy('account.id'),
    [
      { id: 1, purchases: 3, last: at('03-01 07:00'), discount: null },
      { id: 2, purchases: 1, last: at('01-31 23:59:59.999'), discount: '0.10000000000000000000' },
      { id: 3, purchases: 1, last: at('02-15 12:00'), discount: null },
      { id: 4, purchases: 1, last: at('02-29 18:30'), discount: '0.12500000000000000000' },
      { id: 5, purchases: 0, last: null, discount: null },
      { id: 6, purchases: 0, last: null, discount: null },
    ],
  ),
  query(
    'a condition on a column of a derived table',
    (db) =>
      db
        .selectFrom(
          db
            .selectFrom('product')
            .select((eb) => ['name', eb('price', '*', eb.ref('stock') as never).as('value')])
            .as('p'),
        )
        .select(['p.name', 'p.value'])
        .where('p.value', '>=', '479')
        .orderBy('p.value', 'desc'),
    [
      { name: 'Fables', value: '4000.00' },
      { name: 'Bone', value: '1188.00' },
    ],
  ),
  query(
    'a full join',
    (db) =>
      db
        .selectFrom('tag')
        .fullJoin('productTag', 'productTag.tagId', 'tag.id')
        .select((eb) => [
          eb.fn.countAll<number>().as('rows'),
          eb.fn.count<number>('productTag.productId').as('used'),
        ]),
    [{ rows: 8, used: 7 }],
  ),
  query(
    'a right join',
    (db) =>
      db
        .selectFrom('productTag')
        .rightJoin('tag', 'tag.id', 'productTag.tagId')
        .select(['tag.label', 'productTag.productId'])
        .where('productTag.productId', 'is', null),
    [{ label: 'unused', productId: null }],
  ),
  query(
    'rows of values in FROM',
    (db) =>
      db
        .selectFrom('product')
        .innerJoin(
          db
            .selectNoFrom((eb) => [eb.lit<number>(1).as('id'), eb.lit<number>(3).as('wanted')])
            .unionAll(db.selectNoFrom((eb) => [eb.lit<number>(4).as('id'), eb.lit<number>(1).as('wanted')]))
            .as('cart'),
          'cart.id',
          'product.id',
        )
        .select((eb) => ['product.name', eb('product.stock', '>=', eb.ref('cart.wanted')).as('isThere')])
        .orderBy('product.name'),
    [
      { name: 'Atlas', isThere: true },
      { name: 'Dixit', isThere: false },
    ],
  ),
];
