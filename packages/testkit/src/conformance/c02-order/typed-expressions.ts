import { native, typed } from '@sluice/core';
import { type Kysely, type SqlBool, sql } from 'kysely';
import { describe, expect, test } from 'vitest';
import type { Fixture } from '../../fixture/fixture.js';
import { rejection } from '../../fixture/rejection.js';
import { GREATER, LESSER, SPECIMEN } from '../../fixture/schema/specimen.js';
import type { SuiteDatabase } from '../../fixture/schema/suite-database.js';

type Db = Kysely<SuiteDatabase>;

interface Case {
  readonly query: (db: Db) => { execute(): Promise<readonly unknown[]> };
  readonly rows: readonly unknown[];
}

const [ONE, TWO, THREE] = [{ id: 1 }, { id: 2 }, { id: 3 }];
const HOUR_MS = 3_600_000;

/** Rows 1, 2 and 3 hold SPECIMEN, LESSER and GREATER: by price 2 (9.90), 1 (19.90), 3 (100.00). */
const CASES: Readonly<Record<string, Case>> = {
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
  'computed text sorts by code point': {
    query: (db) =>
      db
        .selectFrom('specimen')
        .select((eb) => [
          eb.case('id').when(1).then('b').when(2).then('B').else('Z').end().as('label'),
          eb.fn.max('big').as('most'),
          eb(eb.cast<string>('small', 'text'), '<', 'a').as('less'),
          eb.fn<string>('greatest', [eb.cast('id', 'text'), eb.val('_'), eb.val('Z')]).as('greatest'),
          eb.fn.min(eb.case('id').when(1).then('_').else('Z').end()).as('least'),
        ])
        .groupBy(['id', 'small'])
        .orderBy('label'),
    rows: [
      { label: 'B', most: LESSER.big, less: true, greatest: '_', least: 'Z' },
      { label: 'Z', most: GREATER.big, less: true, greatest: '_', least: 'Z' },
      { label: 'b', most: SPECIMEN.big, less: true, greatest: '_', least: '_' },
    ],
  },
  'computed text of a union and of DISTINCT sorts by code point': {
    query: (db) =>
      db
        .selectFrom(
          db
            .selectFrom('specimen')
            .select((eb) => eb.case('id').when(1).then('b').else('B').end().as('label'))
            .distinct()
            .orderBy('label')
            .limit(1)
            .as('t'),
        )
        .select('label')
        .unionAll(db.selectFrom('note').select((eb) => eb.cast<string>('id', 'text').as('label')))
        .orderBy('label'),
    rows: [{ label: 'B' }],
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
  'computed text between a column and a value': {
    query: (db) =>
      db
        .selectFrom('specimen')
        .select((eb) =>
          eb
            .between(eb.case('id').when(1).then('b').else('B').end(), eb.ref('code') as never, 'a' as never)
            .as('is'),
        )
        .orderBy('id'),
    rows: [{ is: false }, { is: false }, { is: false }],
  },
  'an order by the greatest bigint and by computed text': {
    query: (db) =>
      db
        .selectFrom('specimen')
        .select((eb) => [
          eb.fn.max(eb.cast<bigint>('small', 'bigint')).as('most'),
          eb.cast<string>('id', 'text').as('text'),
        ])
        .groupBy('id')
        .orderBy('most')
        .orderBy('text'),
    rows: [
      { most: -3n, text: '2' },
      { most: 12n, text: '1' },
      { most: 100n, text: '3' },
    ],
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
  'an order by an alias is not one by the column of that name': {
    query: (db) => db.selectFrom('specimen').select(['id', 'exact as price']).orderBy('price').limit(2),
    rows: [
      { id: 2, price: '-10.5' },
      { id: 1, price: '3.140' },
    ],
  },
  'JSON is equal by value, and a jsonb is written as PostgreSQL writes it': {
    query: (db) =>
      db
        .selectFrom('specimen')
        .select((eb) => [
          eb(
            'doc',
            '=',
            eb.val({ tags: ['1', 2, null, true], nested: { '12': '0012.50' }, name: 'x' }) as never,
          ).as('same'),
          eb.cast<string>('tree', 'text').as('text'),
          eb.fn<string | null>('replace', ['word', eb.val(''), eb.lit(null)]).as('replaced'),
        ])
        .where('id', '=', 1),
    rows: [{ same: true, text: '["a", {"b": []}]', replaced: null }],
  },
  'texts are concatenated, and aggregated in an order': {
    query: (db) =>
      db
        .selectFrom('specimen')
        .select((eb) => [
          eb.fn<string>('concat', ['code', eb.val('-'), 'price', eb.val(null)]).as('one'),
          eb
            .selectFrom('specimen as s')
            .select((e) =>
              e.fn
                .agg<string>('string_agg', ['s.code', e.val('/')])
                .orderBy('s.code', 'desc')
                .as('all'),
            )
            .as('all'),
        ])
        .where('id', '=', 1),
    rows: [{ one: `${SPECIMEN.code}-19.90`, all: 'b/ab-12/Z' }],
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
  'JSON members': {
    query: (db) =>
      db
        .selectFrom('specimen')
        .select((eb) => [
          eb
            .ref('doc', '->')
            .key('tags' as never)
            .as('tags'),
          eb
            .ref('doc', '->>')
            .key('name' as never)
            .as('name'),
          sql<SqlBool>`${eb.ref('doc', '->').key('none' as never)} is null`.as('none'),
        ])
        .where('id', '=', 1),
    rows: [
      {
        tags: ['1', 2, null, true],
        name: 'x',
        none: expect.toSatisfy((value) => value === true || value === 1),
      },
    ],
  },
  'JSON members as text': {
    query: (db) =>
      db
        .selectFrom('specimen')
        .select((eb) =>
          [0, 1, 2, 3].map((index) =>
            eb
              .ref('doc', '->>')
              .key('tags' as never)
              .at(index as never)
              .as(`m${index}`),
          ),
        )
        .where((eb) =>
          eb(
            eb
              .ref('doc', '->>')
              .key('tags' as never)
              .at(3 as never),
            '=',
            'true' as never,
          ),
        ),
    rows: [{ m0: '1', m1: '2', m2: null, m3: 'true' }],
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

/** Expressions in which the stored form of a type would show, on an engine that stores it in another form. */
const UNTYPED: Readonly<Record<string, Case['query']>> = {
  'the difference of two times': (db) =>
    db.selectFrom('specimen').select((eb) => eb('moment', '-', eb.ref('moment')).as('between')),
  'an order of JSON values': (db) => db.selectFrom('specimen').select('id').orderBy('tree'),
  'a comparison of JSON values by order': (db) =>
    db.selectFrom('specimen').select('id').whereRef('tree', '<', 'tree'),
  'DISTINCT over JSON values': (db) => db.selectFrom('specimen').select('tree').distinct(),
  'a time compared with raw SQL': (db) =>
    db.selectFrom('specimen').select('id').where('moment', '<', sql<Date>`date('2024-01-01')`),
  'a numeric compared with raw SQL': (db) =>
    db
      .selectFrom('specimen')
      .select('id')
      .where('price', '<', sql<string>`(select max(exact) from specimen)`),
  'a time given to a function of the engine': (db) =>
    db.selectFrom('specimen').select((eb) => eb.fn('date', ['moment']).as('day')),
  'a boolean concatenated': (db) =>
    db.selectFrom('specimen').select((eb) => eb('word', '||', eb.ref('flag') as never).as('both')),
  'a time cast to text': (db) =>
    db.selectFrom('specimen').select((eb) => eb.cast('moment', 'text').as('text')),
  'a time in COALESCE with raw SQL': (db) =>
    db
      .selectFrom('specimen')
      .select((eb) => eb.fn.coalesce('moment', sql<Date>`(select max(moment) from specimen)`).as('given')),
  'a time in raw SQL': (db) =>
    db.selectFrom('specimen').select(sql`coalesce(${sql.ref('moment')}, null)`.as('given')),
  'a time from a sub-query in raw SQL': (db) =>
    db
      .selectFrom('note')
      .select(sql`(${db.selectFrom('specimen').select('moment').limit(1)})::text`.as('given')),
};

/** C2: an expression gives the same result on every driver, or it is refused before it runs. */
export function typedExpressionCases(fixture: Fixture): void {
  const store = async (): Promise<Db> => {
    const values = [SPECIMEN, LESSER, GREATER].map((row, index) => ({ ...row, id: index + 1 }));
    await fixture.storage.repository('specimen', { key: 'id' }).insertMany(values);
    return fixture.storage.kysely;
  };

  describe('typed expressions', () => {
    for (const [name, { query, rows }] of Object.entries(CASES)) {
      test(`C2 one answer: ${name}`, async () => {
        expect(await query(await store()).execute()).toStrictEqual(rows);
      });
    }

    for (const [name, query] of Object.entries(UNTYPED)) {
      test(`C2 the engine's answer, or a refusal: ${name}`, async () => {
        const outcome = await rejection(query(await store()).execute()).catch(() => undefined);
        if (outcome !== undefined)
          expect(outcome).toMatchObject({ code: expect.toBeOneOf(['invalid_query', 'untyped_expression']) });
      });
    }

    test('C2 an expression in the condition of a repository is typed like that of a plain query', async () => {
      await store();
      const specimens = fixture.storage.repository('specimen', { key: 'id' });
      const due = await specimens.find({
        where: (eb) => eb('moment', '<', sql<Date>`now()`),
        orderBy: { id: 'asc' },
      });
      expect(due.map(({ id }) => id)).toStrictEqual([1, 2, 3]);
      expect(
        await specimens.count({ where: (eb) => eb(eb.fn.coalesce('price', eb.val('0')), '>', '20') }),
      ).toBe(1);
    });

    test('C2 values in a query that becomes part of another one are encoded once', async () => {
      const db = await store();
      const inner = db
        .selectFrom('specimen')
        .select('id')
        .where('doc', '=', SPECIMEN.doc as never);
      const outer = db.selectFrom('specimen').select('id').where('id', 'in', inner);
      expect(await outer.execute()).toStrictEqual([ONE]);
      const later = new Date(Date.now() + HOUR_MS);
      const derived = db.selectFrom(
        db.selectFrom('specimen').selectAll().where('moment', '<', later).as('t'),
      );
      expect(await derived.select('id').orderBy('price').execute()).toStrictEqual([TWO, ONE, THREE]);
    });
  });
}
