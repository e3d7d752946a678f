import { expect } from 'vitest';
import { GREATER, LESSER, SPECIMEN } from '../../fixture/schema/specimen.js';
import { type Case, ONE, THREE, TWO } from './typed-case.js';

/** Numbers in expressions. */
export const NUMBER_CASES: Readonly<Record<string, Case>> = {
  'order by the alias of a sum': {
    query: (db) =>
      db
        .selectFrom('specimen')
        .select((eb) => ['word', eb.fn.sum('small').as('total')])
        .groupBy('word')
        .orderBy('total', 'desc'),
    rows: [
      { word: GREATER.word, total: '100' },
      { word: SPECIMEN.word, total: '12' },
      { word: LESSER.word, total: '-3' },
    ],
  },
  'having a sum above a number': {
    query: (db) =>
      db
        .selectFrom('specimen')
        .select('word')
        .groupBy('word')
        .having((eb) => eb.fn.sum('small'), '>', 9),
    rows: [{ word: SPECIMEN.word }, { word: GREATER.word }],
  },
  'having an average above a number': {
    query: (db) =>
      db
        .selectFrom('specimen')
        .select('word')
        .groupBy('word')
        .having((eb) => eb.fn.avg('small'), '>', 12.5),
    rows: [{ word: GREATER.word }],
  },
  'a numeric of a sub-query is sorted by value': {
    query: (db) =>
      db
        .selectFrom(db.selectFrom('specimen').select(['id', 'price as p']).as('t'))
        .select('id')
        .orderBy('t.p'),
    rows: [TWO, ONE, THREE],
  },
  'a numeric of a sub-query is compared by value': {
    query: (db) =>
      db
        .selectFrom(db.selectFrom('specimen').select(['id', 'price as p']).as('t'))
        .select('id')
        .where('t.p', '<', '10'),
    rows: [TWO],
  },
  'a numeric of a WITH is sorted by value': {
    query: (db) =>
      db
        .with('t', (inner) => inner.selectFrom('specimen').select(['id', 'price as p']))
        .selectFrom('t')
        .select('id')
        .orderBy('p', 'desc'),
    rows: [THREE, ONE, TWO],
  },
  'a UNION is sorted by a numeric': {
    query: (db) =>
      db
        .selectFrom('specimen')
        .select(['id', 'price'])
        .unionAll(db.selectFrom('specimen').select(['id', 'price']).where('id', '=', 99))
        .orderBy('price')
        .limit(2),
    rows: [
      { id: 2, price: '9.90' },
      { id: 1, price: '19.90' },
    ],
  },
  'a numeric equals the greatest of a sub-query': {
    query: (db) =>
      db
        .selectFrom('specimen')
        .select('id')
        .where('price', '=', (eb) => eb.selectFrom('specimen').select((e) => e.fn.max('price').as('m'))),
    rows: [THREE],
  },
  'a numeric is in a sub-query': {
    query: (db) =>
      db
        .selectFrom('specimen')
        .select('id')
        .where('exact', 'in', (eb) => eb.selectFrom('specimen').select('exact').where('price', '<', '20'))
        .orderBy('id'),
    rows: [ONE, TWO],
  },
  'a numeric above the average': {
    query: (db) =>
      db
        .selectFrom('specimen')
        .select('id')
        .where('price', '>', (eb) =>
          eb.selectFrom('specimen').select((e) => e.fn.avg<string>('price').as('m')),
        ),
    rows: [THREE],
  },
  'numerics between columns of a join': {
    query: (db) =>
      db
        .selectFrom('specimen as a')
        .innerJoin('specimen as b', (join) => join.onRef('a.price', '<', 'b.price'))
        .select(['a.id as low', 'b.id as high'])
        .orderBy('a.id')
        .orderBy('b.id'),
    rows: [
      { low: 1, high: 3 },
      { low: 2, high: 1 },
      { low: 2, high: 3 },
    ],
  },
  'numerics are added, subtracted, multiplied and divided': {
    query: (db) =>
      db
        .selectFrom('specimen')
        .select((eb) => [
          eb('price', '+', '1.105' as never).as('plus'),
          eb('price', '-', eb.ref('exact')).as('minus'),
          eb('price', '*', 2 as never).as('times'),
          eb('price', '/', 3 as never).as('quotient'),
          eb('price', '%', '7' as never).as('rest'),
        ])
        .where('id', '=', 1),
    rows: [{ plus: '21.005', minus: '16.760', times: '39.80', quotient: '6.6333333333333333', rest: '5.90' }],
  },
  'a total is calculated with': {
    query: (db) =>
      db
        .selectFrom('specimen')
        .select((eb) => [
          eb(eb.fn.sum('small'), '+', 1 as never).as('more'),
          eb(eb.fn.sum('small'), '/', eb.fn.count('id')).as('mean'),
          eb.fn.coalesce(eb.fn.sum('small'), eb.val(0)).as('given'),
        ]),
    rows: [{ more: '110', mean: '36.3333333333333333', given: '109' }],
  },
  'a numeric with a whole number and with a double': {
    query: (db) =>
      db
        .selectFrom('specimen')
        .select((eb) => [
          eb('price', '+', eb.ref('small') as never).as('whole'),
          eb('price', '*', eb.ref('floating') as never).as('double'),
        ])
        .where('id', '=', 2),
    rows: [{ whole: '6.90', double: -24.75 }],
  },
  'an update computes a numeric in the scale of its column': {
    query: (db) =>
      db
        .updateTable('specimen')
        .set((eb) => ({ price: eb('price', '*', '1.055' as never) }) as never)
        .where('id', '=', 1)
        .returning('price'),
    rows: [{ price: '20.99' }],
  },
  'COALESCE, CASE and NULLIF of numerics are numerics': {
    query: (db) =>
      db
        .selectFrom('specimen')
        .select((eb) => [
          eb.fn.coalesce('exact', eb.val('0')).as('given'),
          eb.case().when('id', '=', 1).then(eb.ref('price')).else('0').end().as('picked'),
          eb.fn<string | null>('nullif', ['price', eb.val('19.9')]).as('other'),
        ])
        .where('id', 'in', [1, 2])
        .orderBy('id'),
    rows: [
      { given: '3.140', picked: '19.90', other: null },
      { given: '-10.5', picked: '0', other: '9.90' },
    ],
  },
  'a simple CASE compares numerics by value': {
    query: (db) =>
      db
        .selectFrom('specimen')
        .select((eb) => eb.case('price').when('19.9').then('yes').else('no').end().as('is'))
        .orderBy('id')
        .limit(2),
    rows: [{ is: 'yes' }, { is: 'no' }],
  },
  'an order by the alias of the greatest bigint': {
    query: (db) =>
      db
        .selectFrom('specimen')
        .select((eb) => eb.fn.max(eb('big', '-', 9_007_199_254_740_993n)).as('big'))
        .groupBy('id')
        .orderBy('big', 'desc')
        .limit(2),
    rows: [
      { big: expect.toSatisfy((value) => Number(value) === 1) },
      { big: expect.toSatisfy((value) => Number(value) === 0) },
    ],
  },
  'a computed double is divided as a double': {
    query: (db) =>
      db
        .selectFrom('specimen')
        .select((eb) => [
          eb(eb.fn.coalesce(eb.fn('nullif', ['floating', eb.val(0.1)]), eb.val(3)), '/', 10).as('given'),
          eb(
            eb.case().when('id', '=', 1).then(eb.ref('whole')).else(eb.ref('floating')).end(),
            '/',
            100_000,
          ).as('whole'),
        ])
        .where('id', '=', 1),
    rows: [{ given: 0.3, whole: 0.7 }],
  },
  'whole numbers of a union are numbers': {
    query: (db) =>
      db
        .selectFrom('specimen')
        .select((eb) => eb.fn.count<number>('id').as('number'))
        .unionAll(
          db
            .selectFrom('specimen')
            .select((eb) => eb.fn.max<number>(eb('big', '-', 9_007_199_254_740_990n) as never).as('number')),
        )
        .orderBy('number'),
    rows: [{ number: 3 }, { number: 4 }],
  },
  'whole numbers are divided to a whole number, or to an exact or a double one': {
    query: (db) =>
      db
        .selectFrom('specimen')
        .select((eb) => [
          eb('small', '/', 5).as('whole'),
          eb(eb.cast<number>('small', 'numeric'), '/', 5).as('exact'),
          eb(eb.cast<number>('small', 'double precision'), '/', 5).as('double'),
        ])
        .where('id', '=', 1),
    rows: [{ whole: 2, exact: '2.4000000000000000', double: 2.4 }],
  },
  'numerics are cast': {
    query: (db) =>
      db
        .selectFrom('specimen')
        .select((eb) => [
          eb.cast<string>('price', 'text').as('text'),
          eb.cast<number>('price', 'integer').as('whole'),
          eb.cast<number>('price', 'double precision').as('double'),
          eb.cast<string>('small', 'numeric(10, 2)').as('numeric'),
          eb.cast<string>('price', 'numeric(10, 1)').as('shorter'),
        ])
        .where('id', '=', 1),
    rows: [{ text: '19.90', whole: 20, double: 19.9, numeric: '12.00', shorter: '19.9' }],
  },
  'equal numerics of different scales are one group': {
    query: (db) =>
      db
        .selectFrom(
          db
            .selectFrom('specimen')
            .select(['exact'])
            .unionAll(db.selectFrom('specimen').select((eb) => eb('exact', '*', '1.0' as never).as('exact')))
            .as('t'),
        )
        .select((eb) => eb.fn.countAll().as('rows'))
        .groupBy('exact')
        .orderBy('exact'),
    rows: [{ rows: 2 }, { rows: 2 }, { rows: 2 }],
  },
};
