import { datePart } from '@sluice/core';
import { sql } from 'kysely';
import { type Catalogue, query, refusal } from './catalogue-query.js';

/** Products by date, category and price. */
export const PRODUCTS: Catalogue = [
  query(
    'products released before a date',
    (db) =>
      db
        .selectFrom('product')
        .select(['name', 'releasedOn'])
        .where('releasedOn', '<', '2002-01-01')
        .orderBy('releasedOn'),
    [
      { name: 'Emma', releasedOn: '1815-12-23' },
      { name: 'Bone', releasedOn: '1991-07-01' },
    ],
  ),
  query(
    'products by the decade of their release',
    (db) =>
      db
        .selectFrom('product')
        .select((eb) => [
          eb(eb.parens(eb(datePart('year', eb.ref('releasedOn')), '/', 10)), '*', 10).as('decade'),
          eb.fn.countAll<number>().as('products'),
        ])
        .where('releasedOn', 'is not', null)
        .groupBy('decade')
        .orderBy('decade', 'desc'),
    [
      { decade: 2020, products: 2 },
      { decade: 2000, products: 2 },
      { decade: 1990, products: 1 },
      { decade: 1810, products: 1 },
    ],
  ),
  query(
    'the first and the last release',
    (db) =>
      db
        .selectFrom('product')
        .select((eb) => [eb.fn.min('releasedOn').as('first'), eb.fn.max('releasedOn').as('last')]),
    [{ first: '1815-12-23', last: '2020-03-01' }],
  ),
  query(
    'a date as text',
    (db) =>
      db
        .selectFrom('product')
        .select((eb) => [
          eb.cast<string>('releasedOn', 'text').as('date'),
          eb.cast<string>('price', 'text').as('price'),
        ])
        .where('id', '=', 7),
    [{ date: '2020-02-29', price: '60.00' }],
  ),
  query(
    'categories with the number of their products, also of those without',
    (db) =>
      db
        .selectFrom('category')
        .leftJoin('product', (join) =>
          join.onRef('product.categoryId', '=', 'category.id').on('product.isArchived', '=', false),
        )
        .select((eb) => ['category.name', eb.fn.count<number>('product.id').as('products')])
        .groupBy(['category.id', 'category.name'])
        .orderBy('category.id'),
    [
      { name: 'All', products: 0 },
      { name: 'Books', products: 2 },
      { name: 'Games', products: 0 },
      { name: 'Comics', products: 1 },
      { name: 'Board games', products: 2 },
    ],
  ),
  query(
    'categories with their parent and its parent',
    (db) =>
      db
        .selectFrom('category as c')
        .leftJoin('category as p', 'p.id', 'c.parentId')
        .leftJoin('category as g', 'g.id', 'p.parentId')
        .select(['c.name', 'p.name as parent', 'g.name as grandparent'])
        .orderBy('c.id'),
    [
      { name: 'All', parent: null, grandparent: null },
      { name: 'Books', parent: 'All', grandparent: null },
      { name: 'Games', parent: 'All', grandparent: null },
      { name: 'Comics', parent: 'Books', grandparent: 'All' },
      { name: 'Board games', parent: 'Games', grandparent: 'All' },
    ],
  ),
  query(
    'every product with every category, counted',
    (db) =>
      db
        .selectFrom('product')
        .crossJoin('category')
        .select((eb) => eb.fn.countAll<number>().as('pairs'))
        .where('category.parentId', 'is', null),
    [{ pairs: 7 }],
  ),
  query(
    'pairs of products that cost nearly the same',
    (db) =>
      db
        .selectFrom('product as a')
        .innerJoin('product as b', (join) => join.onRef('a.id', '<', 'b.id'))
        .select(['a.name as one', 'b.name as other'])
        .where((eb) => eb(eb('b.price', '-', eb.ref('a.price')), '<', '5'))
        .where((eb) => eb(eb('b.price', '-', eb.ref('a.price')), '>', '-5'))
        .orderBy('a.id'),
    [
      { one: 'Bone', other: 'Emma' },
      { one: 'Chess', other: 'Dixit' },
    ],
  ),
  query(
    'prices above the average of all',
    (db) =>
      db
        .selectFrom('product')
        .select('name')
        .where('price', '>', (eb) =>
          eb.selectFrom('product').select((e) => e.fn.avg<string>('price').as('mean')),
        )
        .orderBy('name'),
    [{ name: 'Atlas' }, { name: 'Fables' }, { name: 'Go' }],
  ),
  query(
    'the price as a whole number and a rest',
    (db) =>
      db
        .selectFrom('product')
        .select((eb) => [
          eb.cast<number>('price', 'integer').as('rounded'),
          eb('price', '%', '7' as never).as('rest'),
          eb.neg(eb.ref('price') as never).as('negative'),
        ])
        .where('id', 'in', [1, 3])
        .orderBy('id'),
    [
      { rounded: 40, rest: '4.90', negative: '-39.90' },
      { rounded: 25, rest: '3.50', negative: '-24.50' },
    ],
  ),
  refusal(
    'round() of a price as raw SQL',
    (db) => db.selectFrom('product').select((eb) => sql<string>`round(${eb.ref('price')})`.as('rounded')),
    'untyped_expression',
  ),
  query(
    'a price rounded by a cast',
    (db) =>
      db
        .selectFrom('product')
        .select((eb) => eb.cast<string>('price', 'numeric(10, 0)').as('rounded'))
        .orderBy('id'),
    [
      { rounded: '40' },
      { rounded: '10' },
      { rounded: '25' },
      { rounded: '29' },
      { rounded: '7' },
      { rounded: '100' },
      { rounded: '60' },
    ],
  ),
  query(
    'the greater of two numbers of a row',
    (db) =>
      db
        .selectFrom('product')
        .select((eb) => [
          'id',
          eb.fn<string>('greatest', ['price', eb.val('25')]).as('atLeast'),
          eb.fn<number>('least', ['stock', eb.lit(10)]).as('atMost'),
          eb.fn<string>('greatest', ['price', 'stock']).as('mixed'),
        ])
        .where('id', '<', 4)
        .orderBy('id'),
    [
      { id: 1, atLeast: '39.90', atMost: 10, mixed: '39.90' },
      { id: 2, atLeast: '25', atMost: 10, mixed: '120' },
      { id: 3, atLeast: '25', atMost: 9, mixed: '24.50' },
    ],
  ),
];
