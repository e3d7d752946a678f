import { sql } from 'kysely';
import { type Catalogue, query, refusal } from './catalogue-query.js';
import { at } from './shop-rows.js';

/** Products, stock and categories. */
export const INVENTORY: Catalogue = [
  query(
    'products that run low',
    (db) => db.selectFrom('product').select(['name', 'stock']).where('stock', '<', 10).orderBy('stock'),
    [
      { name: 'Dixit', stock: 0 },
      { name: 'Go', stock: 2 },
      { name: 'Emma', stock: 3 },
      { name: 'Chess', stock: 9 },
    ],
  ),
  query(
    'products sorted by stock, 9 before 120',
    (db) => db.selectFrom('product').select('stock').orderBy('stock'),
    [{ stock: 0 }, { stock: 2 }, { stock: 3 }, { stock: 9 }, { stock: 12 }, { stock: 40 }, { stock: 120 }],
  ),
  query(
    'the value of the stock',
    (db) =>
      db
        .selectFrom('product')
        .select((eb) => eb.fn.sum<string>(eb('price', '*', eb.ref('stock') as never)).as('value'))
        .where('isArchived', '=', false),
    [{ value: '2028.30' }],
  ),
  query(
    'the value of each category, largest first',
    (db) =>
      db
        .selectFrom('product')
        .leftJoin('category', 'category.id', 'product.categoryId')
        .select((eb) => [
          eb.fn.coalesce('category.name', sql.lit('none')).as('category'),
          eb.fn.sum<string>(eb('price', '*', eb.ref('stock') as never)).as('value'),
          eb.fn.avg<string>('price').as('price'),
        ])
        .groupBy((eb) => eb.fn.coalesce('category.name', sql.lit('none')))
        .orderBy('value', 'desc'),
    [
      { category: 'Comics', value: '5188.00', price: '54.9500000000000000' },
      { category: 'Books', value: '499.80', price: '23.4500000000000000' },
      { category: 'Board games', value: '220.50', price: '26.7500000000000000' },
      { category: 'none', value: '120.00', price: '60.0000000000000000' },
    ],
  ),
  query(
    'stock as the sum of its moves',
    (db) =>
      db
        .selectFrom('product')
        .leftJoin('stockMove', 'stockMove.productId', 'product.id')
        .select((eb) => [
          'product.id',
          'product.stock',
          eb.fn.coalesce(eb.fn.sum<number>('stockMove.change'), eb.lit(0)).as('moved'),
        ])
        .groupBy(['product.id', 'product.stock'])
        .orderBy('product.id'),
    [
      { id: 1, stock: 12, moved: '12' },
      { id: 2, stock: 120, moved: '120' },
      { id: 3, stock: 9, moved: '9' },
      { id: 4, stock: 0, moved: '0' },
      { id: 5, stock: 3, moved: '0' },
      { id: 6, stock: 40, moved: '0' },
      { id: 7, stock: 2, moved: '0' },
    ],
  ),
  query(
    'products whose stock is not the sum of its moves',
    (db) =>
      db
        .selectFrom('product')
        .innerJoin('stockMove', 'stockMove.productId', 'product.id')
        .select('product.name')
        .groupBy(['product.id', 'product.name', 'product.stock'])
        .having((eb) => eb(eb.fn.sum<number>('stockMove.change'), '!=', eb.ref('product.stock')))
        .orderBy('product.name'),
    [],
  ),
  query(
    'what came in and what went out',
    (db) =>
      db
        .selectFrom('stockMove')
        .select((eb) => [
          'productId',
          eb.fn.sum<string>('change').filterWhere('change', '>', 0).as('in'),
          eb.fn.sum<string>('change').filterWhere('change', '<', 0).as('out'),
          eb.fn.max('movedAt').filterWhere('reason', '=', 'sale').as('lastSale'),
        ])
        .groupBy('productId')
        .orderBy('productId'),
    [
      { productId: 1, in: '20', out: '-8', lastSale: at('02-02 09:30') },
      { productId: 2, in: '130', out: '-10', lastSale: null },
      { productId: 3, in: '9', out: null, lastSale: null },
    ],
  ),
  query(
    'in and out by CASE',
    (db) =>
      db.selectFrom('stockMove').select((eb) => [
        eb.fn.sum<string>(eb.case().when('change', '>', 0).then(eb.ref('change')).else(0).end()).as('in'),
        eb.fn
          .sum<string>(
            eb
              .case()
              .when('change', '<', 0)
              .then(eb.neg(eb.ref('change')))
              .else(0)
              .end(),
          )
          .as('out'),
        eb.fn.count<number>(eb.case().when('reason', '=', 'sale').then(1).end()).as('sales'),
      ]),
    [{ in: '159', out: '18', sales: 2 }],
  ),
  query(
    'the dearest product of each category',
    (db) =>
      db
        .selectFrom('product as p')
        .select(['p.categoryId', 'p.name', 'p.price'])
        .where('p.price', '=', (eb) =>
          eb
            .selectFrom('product as q')
            .select((e) => e.fn.max('q.price').as('most'))
            .whereRef('q.categoryId', '=', 'p.categoryId'),
        )
        .orderBy('p.categoryId'),
    [
      { categoryId: 2, name: 'Atlas', price: '39.90' },
      { categoryId: 4, name: 'Fables', price: '100.00' },
      { categoryId: 5, name: 'Dixit', price: '29.00' },
    ],
  ),
  query(
    'prices in a range, given as numbers in text',
    (db) =>
      db
        .selectFrom('product')
        .select('name')
        .where((eb) => eb.between('price', '9.9', '39.900'))
        .orderBy('price'),
    [{ name: 'Bone' }, { name: 'Chess' }, { name: 'Dixit' }, { name: 'Atlas' }],
  ),
  refusal(
    'a price compared with a number, which would have lost digits',
    (db) =>
      db
        .selectFrom('product')
        .select('name')
        .where('price', '<', 10 as never)
        .orderBy('name'),
    'invalid_value',
  ),
  query(
    'a price compared with a text',
    (db) => db.selectFrom('product').select('name').where('price', '<', '10').orderBy('name'),
    [{ name: 'Bone' }, { name: 'Emma' }],
  ),
  query(
    'bands of prices',
    (db) =>
      db
        .selectFrom('product')
        .select((eb) => [
          eb
            .case()
            .when('price', '<', '10')
            .then('cheap')
            .when('price', '<', '50')
            .then('fair')
            .else('dear')
            .end()
            .as('band'),
          eb.fn.countAll<number>().as('products'),
          eb.fn.min('price').as('from'),
          eb.fn.max('price').as('to'),
        ])
        .groupBy('band')
        .orderBy('band'),
    [
      { band: 'cheap', products: 2, from: '7.00', to: '9.90' },
      { band: 'dear', products: 2, from: '60.00', to: '100.00' },
      { band: 'fair', products: 3, from: '24.50', to: '39.90' },
    ],
  ),
  query(
    'the heaviest first, unknown weights last',
    (db) =>
      db
        .selectFrom('product')
        .select(['name', 'weight'])
        .orderBy('weight', (by) => by.desc().nullsLast())
        .limit(3),
    [
      { name: 'Go', weight: 3.75 },
      { name: 'Chess', weight: 2 },
      { name: 'Atlas', weight: 1.5 },
    ],
  ),
  query(
    'the heaviest first, as the engine has NULL',
    (db) => db.selectFrom('product').select('name').orderBy('weight', 'desc').limit(2),
    [{ name: 'Fables' }, { name: 'Go' }],
  ),
  query(
    'the weight of all, of some, and of none',
    (db) =>
      db
        .selectFrom('product')
        .select((eb) => [
          eb.fn.sum<number>('weight').as('all'),
          eb.fn.avg<number>('weight').as('mean'),
          eb.fn.sum<number | null>('weight').filterWhere('stock', '>', 1_000).as('none'),
        ]),
    [{ all: 9.25, mean: 1.5416666666666667, none: null }],
  ),
  query(
    'the weight of a shelf: double times integer',
    (db) =>
      db
        .selectFrom('product')
        .select((eb) => ['name', eb('weight', '*', eb.ref('stock')).as('shelf')])
        .where('stock', 'in', [12, 120, 2])
        .orderBy('shelf', 'desc'),
    [
      { name: 'Bone', shelf: 30 },
      { name: 'Atlas', shelf: 18 },
      { name: 'Go', shelf: 7.5 },
    ],
  ),
  query(
    'the price of a kilogram',
    (db) =>
      db
        .selectFrom('product')
        .select((eb) => ['name', eb('price', '/', eb.ref('weight') as never).as('perKilogram')])
        .where('weight', 'in', [1.5, 0.25, 0.5])
        .orderBy('name'),
    [
      { name: 'Atlas', perKilogram: 26.599999999999998 },
      { name: 'Bone', perKilogram: 39.6 },
      { name: 'Emma', perKilogram: 14 },
    ],
  ),
];
