import { sql } from 'kysely';
import { describe, expect, test } from 'vitest';
import type { Fixture } from '../../fixture/fixture.js';
import { rejection } from '../../fixture/rejection.js';
import { GREATER, LESSER, SPECIMEN } from '../../fixture/schema/specimen.js';
import { type Case, type Db, HOUR_MS, ONE, THREE, TWO } from './typed-case.js';
import { NUMBER_CASES } from './typed-numbers.js';
import { TEXT_CASES } from './typed-texts.js';
import { VALUE_CASES } from './typed-values.js';

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
    for (const [name, { query, rows }] of Object.entries({
      ...NUMBER_CASES,
      ...TEXT_CASES,
      ...VALUE_CASES,
    })) {
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
