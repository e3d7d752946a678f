import { datePart } from '@sluice/core';
import { type Catalogue, query } from './catalogue-query.js';
import { at } from './shop-rows.js';

/** What was sold: products, lines and customers. */
export const SALES: Catalogue = [
  query(
    'the average discount, without those that have none',
    (db) =>
      db
        .selectFrom('purchase')
        .select((eb) => [
          eb.fn.avg<string>('discount').as('mean'),
          eb.fn.avg<string>(eb.fn.coalesce('discount', eb.val('0'))).as('withNone'),
          eb.fn.count<number>('discount').as('given'),
          eb.fn.max('discount').as('greatest'),
        ]),
    [{ mean: '0.11250000000000000000', withNone: '0.03750000000000000000', given: 2, greatest: '0.125' }],
  ),
  query(
    'a discount of exactly one eighth',
    (db) => db.selectFrom('purchase').select(['id', 'discount']).where('discount', '=', '0.125'),
    [{ id: 4, discount: '0.125' }],
  ),
  query(
    'a discount in another scale',
    (db) => db.selectFrom('purchase').select('id').where('discount', 'in', ['0.1', '0.1250']).orderBy('id'),
    [{ id: 2 }, { id: 4 }],
  ),
  query(
    'the best-selling products',
    (db) =>
      db
        .selectFrom('product')
        .innerJoin('purchaseLine', 'purchaseLine.productId', 'product.id')
        .innerJoin('purchase', 'purchase.id', 'purchaseLine.purchaseId')
        .select((eb) => ['product.name', eb.fn.sum<string>('purchaseLine.quantity').as('sold')])
        .where('purchase.status', '!=', 'cancelled')
        .groupBy('product.name')
        .orderBy('sold', 'desc')
        .orderBy('product.name')
        .limit(4),
    [
      { name: 'Bone', sold: '13' },
      { name: 'Chess', sold: '2' },
      { name: 'Go', sold: '2' },
      { name: 'Atlas', sold: '1' },
    ],
  ),
  query(
    'products that nobody bought',
    (db) =>
      db
        .selectFrom('product')
        .select('name')
        .where('id', 'not in', (eb) => eb.selectFrom('purchaseLine').select('productId'))
        .orderBy('name'),
    [{ name: 'Fables' }],
  ),
  query(
    'lines sold below the price of today',
    (db) =>
      db
        .selectFrom('purchaseLine as line')
        .innerJoin('product', 'product.id', 'line.productId')
        .select((eb) => [
          'line.purchaseId',
          eb('product.price', '-', eb.ref('line.unitPrice')).as('reduction'),
        ])
        .whereRef('line.unitPrice', '<', 'product.price')
        .orderBy('line.purchaseId'),
    [
      { purchaseId: 1, reduction: '0.40' },
      { purchaseId: 6, reduction: '1.90' },
    ],
  ),
  query(
    'the average, the cheapest and the dearest line',
    (db) =>
      db
        .selectFrom('purchaseLine')
        .select((eb) => [
          eb.fn.avg<string>('unitPrice').as('mean'),
          eb.fn.min('unitPrice').as('cheapest'),
          eb.fn.max('unitPrice').as('dearest'),
          eb.fn.sum<string>('unitPrice').as('sum'),
        ]),
    [{ mean: '27.2250000000000000', cheapest: '7.00', dearest: '60.00', sum: '217.80' }],
  ),
  query(
    'a total over no rows',
    (db) =>
      db
        .selectFrom('purchaseLine')
        .select((eb) => [
          eb.fn.sum<string | null>('unitPrice').as('sum'),
          eb.fn.avg<string | null>('quantity').as('mean'),
          eb.fn.max<string | null>('unitPrice').as('greatest'),
          eb.fn.countAll<number>().as('rows'),
        ])
        .where('quantity', '>', 1_000),
    [{ sum: null, mean: null, greatest: null, rows: 0 }],
  ),
  query(
    'different prices',
    (db) =>
      db
        .selectFrom('purchaseLine')
        .select((eb) => [
          eb.fn.count<number>('unitPrice').distinct().as('prices'),
          eb.fn.sum<string>('unitPrice').distinct().as('sum'),
          eb.fn.count<number>('productId').distinct().as('products'),
        ]),
    [{ prices: 8, sum: '217.80', products: 6 }],
  ),
  query(
    'customers who bought a product, each once',
    (db) =>
      db
        .selectFrom('purchase')
        .innerJoin('purchaseLine', 'purchaseLine.purchaseId', 'purchase.id')
        .select('purchase.accountId')
        .distinct()
        .where('purchaseLine.productId', 'in', [1, 2])
        .orderBy('purchase.accountId'),
    [{ accountId: 1 }, { accountId: 3 }],
  ),
  query(
    'the first purchase of each customer, of a derived table',
    (db) =>
      db
        .selectFrom((eb) =>
          eb
            .selectFrom('purchase')
            .select((e) => ['accountId', e.fn.min('placedAt').as('first')])
            .groupBy('accountId')
            .as('firsts'),
        )
        .innerJoin('account', 'account.id', 'firsts.accountId')
        .select(['account.name', 'firsts.first'])
        .orderBy('firsts.first'),
    [
      { name: 'Ada', first: at('01-10 10:00') },
      { name: 'Bob', first: at('01-31 23:59:59.999') },
      { name: 'Cleo', first: at('02-15 12:00') },
      { name: 'Dan', first: at('02-29 18:30') },
    ],
  ),
  query(
    'the purchase with the greatest discount',
    (db) =>
      db
        .selectFrom('purchase')
        .select(['id', 'discount'])
        .where('discount', '=', (eb) =>
          eb.selectFrom('purchase').select((e) => e.fn.max('discount').as('most')),
        ),
    [{ id: 4, discount: '0.125' }],
  ),
  query(
    'the last purchase of each customer, correlated',
    (db) =>
      db
        .selectFrom('purchase as p')
        .select(['p.accountId', 'p.id'])
        .where('p.placedAt', '=', (eb) =>
          eb
            .selectFrom('purchase as q')
            .select((e) => e.fn.max('q.placedAt').as('last'))
            .whereRef('q.accountId', '=', 'p.accountId'),
        )
        .orderBy('p.accountId'),
    [
      { accountId: 1, id: 5 },
      { accountId: 2, id: 2 },
      { accountId: 3, id: 6 },
      { accountId: 4, id: 4 },
    ],
  ),
  query(
    'purchases with the number of their lines as a sub-select',
    (db) =>
      db
        .selectFrom('purchase')
        .select((eb) => [
          'id',
          eb
            .selectFrom('purchaseLine')
            .select((e) => e.fn.countAll<number>().as('lines'))
            .whereRef('purchaseLine.purchaseId', '=', 'purchase.id')
            .as('lines'),
          eb
            .selectFrom('purchaseLine')
            .select((e) => e.fn.max('unitPrice').as('dearest'))
            .whereRef('purchaseLine.purchaseId', '=', 'purchase.id')
            .as('dearest'),
        ])
        .orderBy('lines', 'desc')
        .orderBy('dearest'),
    [
      { id: 3, lines: 2, dearest: '9.90' },
      { id: 1, lines: 2, dearest: '39.90' },
      { id: 2, lines: 1, dearest: '24.50' },
      { id: 5, lines: 1, dearest: '29.00' },
      { id: 6, lines: 1, dearest: '38.00' },
      { id: 4, lines: 1, dearest: '60.00' },
    ],
  ),
  query(
    'purchases by the day of the week',
    (db) =>
      db
        .selectFrom('purchase')
        .select((eb) => [
          datePart('dayOfWeek', eb.ref('placedAt')).as('day'),
          eb.fn.countAll<number>().as('purchases'),
        ])
        .groupBy('day')
        .orderBy('day'),
    [
      { day: 3, purchases: 2 },
      { day: 4, purchases: 3 },
      { day: 5, purchases: 1 },
    ],
  ),
  query(
    'tax that is rounded to cents',
    (db) =>
      db
        .selectFrom('purchaseLine')
        .select((eb) => [
          'position',
          eb.cast<string>(eb('unitPrice', '*', '0.19' as never), 'numeric(10, 2)').as('tax'),
        ])
        .where('purchaseId', '=', 1)
        .orderBy('position'),
    [
      { position: 1, tax: '7.58' },
      { position: 2, tax: '1.81' },
    ],
  ),
  query(
    'a price per piece with every digit',
    (db) =>
      db
        .selectFrom('purchaseLine')
        .select((eb) => ['purchaseId', eb('unitPrice', '/', eb.ref('quantity') as never).as('each')])
        .where('quantity', '>', 2)
        .orderBy('each'),
    [
      { purchaseId: 1, each: '0.95000000000000000000' },
      { purchaseId: 3, each: '3.3000000000000000' },
      { purchaseId: 6, each: '9.5000000000000000' },
    ],
  ),
];
