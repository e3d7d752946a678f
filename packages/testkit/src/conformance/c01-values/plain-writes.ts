import { describe, expect, test } from 'vitest';
import type { Fixture } from '../../fixture/fixture.js';
import { expectRefusal } from '../../fixture/refusal.js';
import { GREATER, SPECIMEN, SPECIMEN_COLUMNS, SPECIMEN_TYPES } from '../../fixture/schema/specimen.js';
import { rowWith, type SpecimenRow } from '../../fixture/schema/specimen-row.js';

/** The rules for values are the same for plain queries and for repositories. */
export function plainWriteCases(fixture: Fixture): void {
  describe('plain writes', () => {
    for (const column of SPECIMEN_COLUMNS) {
      test(`C1 ${SPECIMEN_TYPES[column]} written by a plain query is read by a repository`, async () => {
        const { kysely } = fixture.storage;
        const [value, other] = [SPECIMEN[column], GREATER[column]];
        await kysely
          .insertInto('specimen')
          .values(rowWith(1, column, value))
          .execute();
        await kysely
          .insertInto('specimen')
          .values([rowWith(2, column, null), rowWith(3, column, other)])
          .execute();
        await kysely
          .updateTable('specimen')
          .set({ [column]: value })
          .where('id', '=', 2)
          .execute();
        const rows = await fixture.storage
          .repository('specimen', { key: 'id' })
          .find({ orderBy: { id: 'asc' } });
        expect(rows.map((row) => row[column])).toStrictEqual([value, value, other]);
      });
    }

    test('C1 a column that only some rows of one plain insert give is NULL in the others', async () => {
      const { kysely } = fixture.storage;
      await kysely
        .insertInto('specimen')
        .values([rowWith(1, 'word', 'a'), rowWith(2, 'floating', 1.5)])
        .execute();
      const rows = await kysely
        .selectFrom('specimen')
        .select(['id', 'word', 'floating'])
        .orderBy('id')
        .execute();
      expect(rows).toStrictEqual([
        { id: 1, word: 'a', floating: null },
        { id: 2, word: null, floating: 1.5 },
      ]);
    });

    const refused: readonly [string, SpecimenRow][] = [
      ['NaN', rowWith(1, 'floating', Number.NaN)],
      ['-0', rowWith(1, 'floating', -0)],
      ['U+0000 in text', rowWith(1, 'word', 'a\0b')],
      ['half of a surrogate pair', rowWith(1, 'word', 'a\uD800')],
      ['an invalid Date', rowWith(1, 'moment', new Date(Number.NaN))],
      ['a day that no calendar has', rowWith(1, 'day', '2024-02-31')],
      ['text that is no day', rowWith(1, 'day', 'soon')],
      ['an integer past its range', rowWith(1, 'whole', 2 ** 31)],
      ['a smallint past its range', rowWith(1, 'small', 40_000)],
      ['a bigint past its range', rowWith(1, 'big', 2n ** 63n)],
      ['text past its length', rowWith(1, 'code', '123456')],
      ['a numeric past its precision', rowWith(1, 'price', '10000000000.00')],
      ['text that is no numeric', rowWith(1, 'exact', 'abc')],
      ['text that is no uuid', rowWith(1, 'ident', 'abc')],
      ['text in an integer column', rowWith(1, 'whole', 'abc')],
      ['a symbol', rowWith(1, 'word', Symbol('x'))],
    ];
    for (const [what, row] of refused) {
      test(`C1 a plain query that writes ${what} is refused and stores nothing`, async () => {
        const { kysely } = fixture.storage;
        await expectRefusal(kysely.insertInto('specimen').values(row).execute(), 'invalid_value');
        expect(await kysely.selectFrom('specimen').select('id').execute()).toStrictEqual([]);
      });
    }

    test('C1 json written by a plain query keeps strings, numbers and booleans as what they are', async () => {
      const { kysely } = fixture.storage;
      const values = ['text', '42', '{', 42, true, ['a'], { a: '1' }];
      await kysely
        .insertInto('specimen')
        .values(values.map((value, id) => ({ ...rowWith(id, 'doc', value), tree: value })))
        .execute();
      const rows = await kysely.selectFrom('specimen').select(['doc', 'tree']).orderBy('id').execute();
      expect(rows).toStrictEqual(values.map((value) => ({ doc: value, tree: value })));
    });

    test('C1 a plain insert gives its row back by RETURNING, each column in its type', async () => {
      const query = fixture.storage.kysely
        .insertInto('specimen')
        .values({ ...SPECIMEN, id: 1 })
        .returningAll();
      expect(await query.execute()).toStrictEqual([{ ...SPECIMEN, id: 1 }]);
    });

    test('C1 a plain insert and an update return the number of changed rows', async () => {
      const { kysely } = fixture.storage;
      const inserted = await kysely
        .insertInto('note')
        .values([{ id: 1 }, { id: 2 }, { id: 3 }] as never)
        .execute();
      expect(inserted[0]?.numInsertedOrUpdatedRows).toBe(3n);
      const updated = await kysely
        .updateTable('note')
        .set({ rank: 1 })
        .where('id', '>', 1)
        .executeTakeFirst();
      expect(updated.numUpdatedRows).toBe(2n);
      const deleted = await kysely.deleteFrom('note').where('id', '=', 99).executeTakeFirst();
      expect(deleted.numDeletedRows).toBe(0n);
    });
  });
}
