import { type SqlBool, sql } from 'kysely';
import { expect } from 'vitest';
import { GREATER, LESSER, SPECIMEN } from '../../fixture/schema/specimen.js';
import type { Case } from './typed-case.js';

/** Text and JSON in expressions. */
export const TEXT_CASES: Readonly<Record<string, Case>> = {
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
};
