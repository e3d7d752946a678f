import { type Catalogue, change, query } from './catalogue-query.js';
import { at } from './shop-rows.js';

/** Inserts and upserts, with what they return. */
export const WRITES: Catalogue = [
  change(
    'a new account with its defaults',
    (db) =>
      db
        .insertInto('account')
        .values({ id: 70, email: 'new@example.com', name: 'New', points: 1n, createdAt: at('03-05 00:00') })
        .returning(['role', 'isActive', 'balance', 'points', 'createdAt', 'settings']),
    [
      {
        role: 'member',
        isActive: true,
        balance: null,
        points: 1n,
        createdAt: at('03-05 00:00'),
        settings: null,
      },
    ],
  ),
  change(
    'every type, returned',
    (db) =>
      db
        .insertInto('account')
        .values({
          id: 50,
          email: 'all@example.com',
          name: 'All',
          balance: '12.5',
          points: 9_007_199_254_740_993n,
          score: 0.1,
          createdAt: at('03-05 00:00:00.007'),
          birthday: '2000-02-29',
          settings: { a: [1, null] },
          avatar: new Uint8Array([0]),
          referrerId: 1,
        })
        .returningAll(),
    [
      {
        id: 50,
        email: 'all@example.com',
        name: 'All',
        role: 'member',
        isActive: true,
        balance: '12.50',
        points: 9007199254740993n,
        score: 0.1,
        createdAt: at('03-05 00:00:00.007'),
        birthday: '2000-02-29',
        settings: { a: [1, null] },
        avatar: new Uint8Array([0]),
        referrerId: 1,
      },
    ],
  ),
  change(
    'several rows at once',
    (db) =>
      db
        .insertInto('tag')
        .values([
          { id: 10, label: 'a' },
          { id: 11, label: 'b' },
        ])
        .returning('id'),
    [{ id: 10 }, { id: 11 }],
    query('the tags', (db) => db.selectFrom('tag').select((eb) => eb.fn.countAll<number>().as('tags')), [
      { tags: 6 },
    ]),
  ),
  change(
    'a computed value',
    (db) =>
      db
        .insertInto('stockMove')
        .values((eb) => ({
          id: 50,
          productId: 1,
          change: eb.selectFrom('product').select((p) => p.fn.max('stock').as('most')),
          reason: 'count',
          movedAt: at('03-05 00:00'),
        }))
        .returning(['change', 'movedAt']),
    [{ change: 120, movedAt: at('03-05 00:00') }],
  ),
  change(
    'rows of a query',
    (db) =>
      db
        .insertInto('stockMove')
        .columns(['id', 'productId', 'change', 'reason', 'movedAt'])
        .expression((eb) =>
          eb
            .selectFrom('product')
            .select((p) => [
              p('id', '+', 100).as('id'),
              'id as productId',
              p.neg(p.ref('stock')).as('change'),
              p.val('clear').as('reason'),
              p.val(at('03-05 00:00')).as('movedAt'),
            ])
            .where('isArchived', '=', true),
        )
        .returning(['id', 'productId', 'change', 'reason', 'movedAt']),
    [{ id: 106, productId: 6, change: -40, reason: 'clear', movedAt: at('03-05 00:00') }],
  ),
  change(
    'a copy of rows with prices and times',
    (db) =>
      db
        .insertInto('purchaseLine')
        .columns(['purchaseId', 'position', 'productId', 'quantity', 'unitPrice'])
        .expression((eb) =>
          eb
            .selectFrom('purchaseLine as l')
            .innerJoin('product', 'product.id', 'l.productId')
            .select((l) => [
              l.lit(5).as('purchaseId'),
              l('l.position', '+', 10).as('position'),
              'l.productId',
              'l.quantity',
              'product.price as unitPrice',
            ])
            .where('l.purchaseId', '=', 1),
        )
        .returning(['position', 'unitPrice']),
    [
      { position: 11, unitPrice: '39.90' },
      { position: 12, unitPrice: '9.90' },
    ],
  ),
  change(
    'an upsert of what is there',
    (db) =>
      db
        .insertInto('tag')
        .values({ id: 1, label: 'classics' })
        .onConflict((oc) => oc.column('id').doUpdateSet({ label: 'classics' }))
        .returningAll(),
    [{ id: 1, label: 'classics' }],
  ),
  change(
    'an upsert with the row that was to be inserted',
    (db) =>
      db
        .insertInto('reading')
        .values([
          { sensor: 'roof', at: at('03-01 00:05'), value: 5, raw: '5.0' },
          { sensor: 'attic', at: at('03-01 00:05'), value: 1, raw: '1' },
        ])
        .onConflict((oc) =>
          oc
            .columns(['sensor', 'at'])
            .doUpdateSet((eb) => ({ value: eb.ref('excluded.value'), raw: eb.ref('excluded.raw') })),
        )
        .returning(['sensor', 'value', 'raw', 'at']),
    [
      { sensor: 'roof', value: 5, raw: '5.0', at: at('03-01 00:05') },
      { sensor: 'attic', value: 1, raw: '1', at: at('03-01 00:05') },
    ],
  ),
  change(
    'a counter: one more of what is there',
    (db) =>
      db
        .insertInto('reading')
        .values({ sensor: 'cellar', at: at('03-01 01:00'), value: 1, raw: '0.25' })
        .onConflict((oc) =>
          oc.columns(['sensor', 'at']).doUpdateSet((eb) => ({
            value: eb('reading.value', '+', eb.ref('excluded.value')),
            raw: eb('reading.raw', '+', eb.ref('excluded.raw')),
          })),
        )
        .returning(['value', 'raw']),
    [{ value: 10, raw: '9.25' }],
  ),
  change(
    'an upsert with a condition',
    (db) =>
      db
        .insertInto('reading')
        .values({ sensor: 'cellar', at: at('03-01 01:00'), value: 8, raw: '8' })
        .onConflict((oc) =>
          oc
            .columns(['sensor', 'at'])
            .doUpdateSet((eb) => ({ value: eb.ref('excluded.value') }))
            .whereRef('excluded.value', '>', 'reading.value'),
        )
        .returning('value'),
    [],
  ),
  change(
    'the greatest of what is there and what comes',
    (db) =>
      db
        .insertInto('product')
        .values({
          id: 1,
          code: '11111111-0000-4000-8000-000000000000',
          name: 'Atlas',
          price: '41.00',
          stock: 1,
          isArchived: false,
        })
        .onConflict((oc) =>
          oc.column('code').doUpdateSet((eb) => ({
            price: eb.fn('greatest', ['product.price', 'excluded.price']),
            stock: eb('product.stock', '+', eb.ref('excluded.stock')),
          })),
        )
        .returning(['price', 'stock', 'weight']),
    [{ price: '41.00', stock: 13, weight: 1.5 }],
  ),
  change(
    'nothing on a conflict of any kind',
    (db) =>
      db
        .insertInto('account')
        .values({ id: 60, email: 'ada@example.com', name: 'Twin', points: 0n, createdAt: at('03-05 00:00') })
        .onConflict((oc) => oc.doNothing())
        .returning('id'),
    [],
  ),
  change(
    'a price raised by a tenth',
    (db) =>
      db
        .updateTable('product')
        .set((eb) => ({ price: eb('price', '*', '1.1' as never) }))
        .where('categoryId', '=', 2)
        .returning(['id', 'price']),
    [
      { id: 1, price: '43.89' },
      { id: 5, price: '7.70' },
    ],
  ),
  change(
    'a price halved and rounded',
    (db) =>
      db
        .updateTable('product')
        .set((eb) => ({ price: eb('price', '/', '8' as never) }))
        .where('id', '=', 1)
        .returning('price'),
    [{ price: '4.99' }],
  ),
  change(
    'stock taken, if there is enough',
    (db) =>
      db
        .updateTable('product')
        .set((eb) => ({ stock: eb('stock', '-', 5) }))
        .where('id', 'in', [1, 5])
        .where('stock', '>=', 5)
        .returning(['id', 'stock']),
    [{ id: 1, stock: 7 }],
  ),
  change(
    'a transfer of money',
    (db) =>
      db
        .updateTable('account')
        .set((eb) => ({
          balance: eb
            .case()
            .when('id', '=', 1)
            .then(eb('balance', '-', '20.25' as never))
            .else(eb('balance', '+', '20.25' as never))
            .end(),
        }))
        .where('id', 'in', [1, 2])
        .returning(['id', 'balance']),
    [
      { id: 1, balance: '100.25' },
      { id: 2, balance: '30.15' },
    ],
  ),
];
