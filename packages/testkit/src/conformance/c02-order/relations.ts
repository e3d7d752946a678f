import { jsonArrayFrom, jsonObjectFrom } from '@sluice/core';
import { type Kysely, sql } from 'kysely';
import { jsonArrayFrom as postgresArray, jsonObjectFrom as postgresObject } from 'kysely/helpers/postgres';
import { jsonArrayFrom as sqliteArray, jsonObjectFrom as sqliteObject } from 'kysely/helpers/sqlite';
import { describe, expect, test } from 'vitest';
import { collect } from '../../fixture/collect.js';
import type { Fixture } from '../../fixture/fixture.js';
import { expectRefusal } from '../../fixture/refusal.js';
import { GREATER, LESSER, SPECIMEN, SPECIMEN_COLUMNS } from '../../fixture/schema/specimen.js';
import type { SuiteDatabase } from '../../fixture/schema/suite-database.js';
import { suiteMigrations } from '../../fixture/schema/suite-migrations.js';

type Db = Kysely<SuiteDatabase>;

const EMPTY = Object.fromEntries(SPECIMEN_COLUMNS.map((column) => [column, null]));
/** Core's function and Kysely's, as one type. */
const FROMS = [jsonArrayFrom, postgresArray, sqliteArray] as unknown as readonly (typeof jsonArrayFrom)[];

/** C2: rows of a relation, loaded as JSON, are those of a query: with the values of the contract and the application's names. */
export function relationCases(fixture: Fixture): void {
  const store = async (): Promise<Db> => {
    const rows = [SPECIMEN, LESSER, GREATER].map((row, index) => ({ ...row, id: index + 1 }));
    await fixture.storage
      .repository('specimen', { key: 'id' })
      .insertMany([...rows, { ...EMPTY, id: 4 } as never]);
    await fixture.storage.repository('note', { key: 'id' }).insertMany([
      { id: 1, body: 'a', rank: 1, pinned: true },
      { id: 2, body: 'b', rank: 9, pinned: null },
    ]);
    return fixture.storage.kysely;
  };

  describe('relations', () => {
    test('C2 the rows of a relation have the values of the contract', async () => {
      const db = await store();
      const [first, second] = await db
        .selectFrom('note')
        .select((eb) => [
          'note.id',
          jsonArrayFrom(
            eb
              .selectFrom('specimen')
              .select(['specimen.id', ...SPECIMEN_COLUMNS])
              .where((where) => where(where.ref('note.id'), '=', 1))
              .orderBy('id'),
          ).as('specimens'),
        ])
        .orderBy('note.id')
        .execute();
      const expected = [SPECIMEN, LESSER, GREATER, EMPTY].map((row, index) => ({ id: index + 1, ...row }));
      expect(first).toStrictEqual({ id: 1, specimens: expected });
      expect(second).toStrictEqual({ id: 2, specimens: [] });
    });

    test('C2 all columns of a relation, one row, and none', async () => {
      const db = await store();
      const rows = await db
        .selectFrom('note')
        .select((eb) => [
          jsonObjectFrom(eb.selectFrom('specimen').selectAll().whereRef('specimen.id', '=', 'note.rank')).as(
            'specimen',
          ),
          jsonObjectFrom(eb.selectFrom('specimen').select('id').orderBy('price', 'desc')).as('first'),
        ])
        .orderBy('id')
        .execute();
      expect(rows).toStrictEqual([
        { specimen: { id: 1, ...SPECIMEN }, first: { id: 4 } },
        { specimen: null, first: { id: 4 } },
      ]);
    });

    test('C2 relations in relations, in streams, batches and transactions', async () => {
      const db = await store();
      const query = (from: Db) =>
        from
          .selectFrom('note')
          .select((eb) => [
            'note.id',
            jsonArrayFrom(
              eb
                .selectFrom('specimen')
                .select((inner) => [
                  'specimen.id',
                  inner.fn.max('moment').as('last'),
                  inner.fn.count('specimen.id').as('count'),
                  inner('price', '>', '10').as('dear'),
                  jsonArrayFrom(
                    inner
                      .selectFrom('note as n')
                      .select(['n.id', 'n.pinned'])
                      .whereRef('n.rank', '=', 'specimen.id'),
                  ).as('notes'),
                ])
                .groupBy(['specimen.id', 'price'])
                .where('specimen.id', '<', 3)
                .orderBy('specimen.id'),
            ).as('specimens'),
          ])
          .where('note.id', '=', 1);
      const expected = [
        {
          id: 1,
          specimens: [
            { id: 1, last: SPECIMEN.moment, count: 1, dear: true, notes: [{ id: 1, pinned: true }] },
            { id: 2, last: LESSER.moment, count: 1, dear: false, notes: [] },
          ],
        },
      ];
      expect(await query(db).execute()).toStrictEqual(expected);
      expect(await collect(query(db).stream())).toStrictEqual(expected);
      const [batched] = await fixture.storage.batch([query(db)]);
      expect(batched.rows).toStrictEqual(expected);
      await fixture.storage.read(async (tx) => {
        expect(await query(tx.kysely).execute()).toStrictEqual(expected);
      });
      const derived = db
        .selectFrom(query(db).as('t'))
        .selectAll()
        .where('specimens', 'is not', null)
        .execute();
      expect(await derived).toStrictEqual(expected);
    });

    test('C2 names are those of the application, and infinite doubles are kept', async () => {
      const storage = await fixture.apart<{ stay: { id: number; guestName: string; checkedInAt: Date } }>({
        migrations: suiteMigrations,
        camelCase: true,
      });
      await storage.migrator.up();
      const stay = { id: 1, guestName: 'x', checkedInAt: new Date(1), room2Key: null };
      await storage.repository('stay', { key: 'id' }).insert(stay as never);
      const { kysely } = storage;
      const query = kysely
        .selectFrom('stay')
        .select((eb) =>
          FROMS.map((from, index) =>
            from(
              eb
                .selectFrom('stay as s')
                .select(['s.id', 's.guestName as theGuest', 's.checkedInAt'])
                .orderBy('s.id'),
            ).as(`theStays${index}` as 'theStays'),
          ),
        );
      const row = { id: 1, theGuest: 'x', checkedInAt: new Date(1) };
      const asJson = [{ ...row, checkedInAt: '1970-01-01T00:00:00.001Z' }];
      expect(await query.execute()).toStrictEqual([
        { theStays0: [row], theStays1: asJson, theStays2: asJson },
      ]);
      const db = await store();
      await db.updateTable('specimen').set({ floating: Number.NEGATIVE_INFINITY }).execute();
      const infinite = db
        .selectFrom('note')
        .select((eb) => jsonObjectFrom(eb.selectFrom('specimen').select('floating').limit(1)).as('s'))
        .limit(1);
      expect(await infinite.execute()).toStrictEqual([{ s: { floating: Number.NEGATIVE_INFINITY } }]);
    });

    test("C2 Kysely's own helpers, of either engine, give the values of JSON on every engine", async () => {
      const db = await store();
      const columns = ['id', 'price', 'flag', 'moment', 'day', 'doc', 'floating'] as const;
      const relation = db.selectFrom('specimen').select(columns).where('id', '<', 3).orderBy('id');
      const rows = [SPECIMEN, LESSER].map(({ price, flag, moment, day, doc, floating }, index) => ({
        id: index + 1,
        price,
        flag,
        moment: moment.toISOString(),
        day,
        doc,
        floating,
      }));
      for (const from of [postgresArray, sqliteArray]) {
        const query = db.selectFrom('note').select(from(relation).as('list')).limit(1);
        expect(await query.execute()).toStrictEqual([{ list: rows }]);
      }
      for (const from of [postgresObject, sqliteObject]) {
        const query = db
          .selectFrom('note')
          .select(from(relation.where('id', '=', 1)).as('one'))
          .limit(1);
        expect(await query.execute()).toStrictEqual([{ one: rows[0] }]);
        const big = db.selectFrom('specimen').select('big').where('id', '=', 1);
        const unsafe = db.selectFrom('note').select(from(big).as('one')).limit(1);
        await expectRefusal(unsafe.execute(), 'invalid_value');
      }
    });

    test('C2 a relation of unknown columns, or in a set operation, is refused', async () => {
      const db = await store();
      const unnamed = db.selectFrom('specimen').select([sql`1`.$castTo<number>() as never]);
      await expectRefusal(
        db.selectFrom('note').select(jsonArrayFrom(unnamed).as('list')).execute(),
        'untyped_expression',
      );
      const combined = db
        .selectFrom('note')
        .select(jsonArrayFrom(db.selectFrom('specimen').select('moment')).as('list'));
      await expectRefusal(combined.unionAll(combined).execute(), 'untyped_expression');
    });
  });
}
