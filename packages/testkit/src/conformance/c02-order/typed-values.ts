import { native, typed } from '@sluice/core';
import { sql } from 'kysely';
import { LESSER, SPECIMEN } from '../../fixture/schema/specimen.js';
import { type Case, ONE } from './typed-case.js';

/** Times, booleans and values of any type in expressions. */
export const VALUE_CASES: Readonly<Record<string, Case>> = {
  'CASE, COALESCE and NULLIF of a time are a time': {
    query: (db) =>
      db
        .selectFrom('specimen')
        .select((eb) => [
          eb.case().when('id', '=', 1).then(eb.ref('moment')).end().as('picked'),
          eb.fn.coalesce('moment', eb.val(new Date(0))).as('given'),
          eb.fn<Date | null>('nullif', ['moment', eb.val(SPECIMEN.moment)]).as('other'),
        ])
        .orderBy('id')
        .limit(2),
    rows: [
      { picked: SPECIMEN.moment, given: SPECIMEN.moment, other: null },
      { picked: null, given: LESSER.moment, other: LESSER.moment },
    ],
  },
  'a condition is a boolean': {
    query: (db) =>
      db
        .selectFrom('specimen')
        .select((eb) => [
          eb('small', '>', 3).as('above'),
          eb.not(eb.ref('flag')).as('not'),
          eb.and([eb('small', '>', 3), eb('whole', '<', 0)]).as('both'),
          eb.exists(eb.selectFrom('note').select('id')).as('exists'),
          eb('word', 'like', 'Gru%').as('like'),
          eb('price', 'is', null).as('none'),
        ])
        .orderBy('id')
        .limit(2),
    rows: [
      { above: true, not: false, both: false, exists: false, like: false, none: false },
      { above: false, not: true, both: false, exists: false, like: true, none: false },
    ],
  },
  'a condition of a sub-query is a boolean': {
    query: (db) =>
      db
        .selectFrom(
          db
            .selectFrom('specimen')
            .select((eb) => ['id', eb('small', '>', 3).as('above')])
            .as('t'),
        )
        .selectAll()
        .where('above', '=', true)
        .orderBy('id'),
    rows: [
      { id: 1, above: true },
      { id: 3, above: true },
    ],
  },
  'the time now': {
    query: (db) =>
      db
        .selectFrom('specimen')
        .select((eb) => ['id', eb('moment', '<', sql<Date>`now()`).as('past')])
        .where('moment', '<', sql<Date>`current_timestamp`)
        .orderBy('id'),
    rows: [
      { id: 1, past: true },
      { id: 2, past: true },
      { id: 3, past: true },
    ],
  },
  'window functions keep the type of their column': {
    query: (db) =>
      db
        .selectFrom('specimen')
        .select((eb) => [
          eb.fn
            .agg<Date | null>('lag', ['moment'])
            .over((over) => over.orderBy('id'))
            .as('before'),
          eb.fn.max('price').over().as('most'),
          eb.fn
            .sum('price')
            .over((over) => over.orderBy('price'))
            .as('running'),
          eb.fn
            .agg<number>('rank')
            .over((over) => over.orderBy('price', 'desc'))
            .as('rank'),
          eb.fn
            .sum('small')
            .over((over) => over.orderBy('id'))
            .as('total'),
        ])
        .orderBy('id'),
    rows: [
      { before: null, most: '100.00', running: '29.80', rank: 2, total: '12' },
      { before: SPECIMEN.moment, most: '100.00', running: '9.90', rank: 3, total: '9' },
      { before: LESSER.moment, most: '100.00', running: '129.80', rank: 1, total: '109' },
    ],
  },
  'aggregates with a filter': {
    query: (db) =>
      db
        .selectFrom('specimen')
        .select((eb) => [
          eb.fn.sum('price').filterWhere('flag', '=', true).as('sum'),
          eb.fn.max('moment').filterWhere('price', '<', '20').as('last'),
          eb.fn.sum(eb.case().when('flag', '=', true).then(1).else(0).end()).as('count'),
        ]),
    rows: [{ sum: '119.90', last: SPECIMEN.moment, count: '2' }],
  },
  'GREATEST and LEAST pass over NULLs, and compare by value': {
    query: (db) =>
      db
        .selectFrom('specimen')
        .select((eb) => [
          eb.fn<string>('greatest', ['price', eb.val('10'), eb.val(null)]).as('most'),
          eb.fn<number>('least', ['small', 'whole', eb.lit(null)]).as('least'),
          eb.fn<Date>('greatest', ['moment', eb.val(new Date(0))]).as('last'),
          eb
            .fn<number | null>('greatest', [eb.cast<number>(eb.lit(null), 'integer'), eb.lit(null)])
            .as('none'),
          eb.fn<string>('least', [eb.fn.sum('small'), eb.val('9.5')]).as('total'),
        ])
        .groupBy(['id', 'price', 'small', 'whole', 'moment'])
        .orderBy('id')
        .limit(2),
    rows: [
      { most: '19.90', least: 12, last: SPECIMEN.moment, none: null, total: '9.5' },
      { most: '10', least: -70_000, last: new Date(0), none: null, total: '-3' },
    ],
  },
  'a declared fragment': {
    query: (db) =>
      db
        .selectFrom('specimen')
        .select([typed(sql`${sql.ref('price')}`, 'numeric').as('price'), native(sql`1 + 1`).as('two')])
        .where('price', '<', typed(sql`'100.0'`, 'numeric'))
        .orderBy('price')
        .limit(1),
    rows: [{ price: '9.90', two: 2 }],
  },
  'numerics, times and booleans in tuples': {
    query: (db) =>
      db
        .selectFrom('specimen')
        .select('id')
        .where((eb) =>
          eb(eb.refTuple('price', 'moment'), 'in', [
            eb.tuple('19.9' as never, SPECIMEN.moment as never),
            eb.tuple('9.9' as never, SPECIMEN.moment as never),
          ]),
        ),
    rows: [ONE],
  },
  'the condition of an upsert': {
    query: (db) =>
      db
        .insertInto('specimen')
        .values({ ...LESSER, id: 1, price: '20.00' } as never)
        .onConflict((conflict) =>
          conflict
            .column('id')
            .doUpdateSet(
              (eb) => ({ price: eb('specimen.price', '+', eb.ref('excluded.price' as never)) }) as never,
            )
            .where('specimen.price', '<', (eb) => eb.ref('excluded.price' as never)),
        )
        .returning(['id', 'price']),
    rows: [{ id: 1, price: '39.90' }],
  },
};
