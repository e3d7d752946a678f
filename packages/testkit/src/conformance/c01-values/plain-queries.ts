import { sql } from 'kysely';
import { describe, expect, test } from 'vitest';
import { collect } from '../../fixture/collect.js';
import type { Fixture } from '../../fixture/fixture.js';
import {
  COMPARABLE_COLUMNS,
  LESSER,
  SPECIMEN,
  SPECIMEN_COLUMNS,
  SPECIMEN_TYPES,
  type SpecimenColumn,
} from '../../fixture/schema/specimen.js';

/** Plain Kysely queries return the values of the contract for a column wherever it appears in the query. */
export function plainQueryCases(fixture: Fixture): void {
  const store = async (): Promise<void> => {
    await fixture.storage.repository('specimen', { key: 'id' }).insertMany([
      { ...SPECIMEN, id: 1 },
      { ...LESSER, id: 2 },
    ]);
  };

  describe('plain queries', () => {
    for (const column of SPECIMEN_COLUMNS) {
      test(`C1 ${SPECIMEN_TYPES[column]} keeps its type under an alias, in a join, a sub-select, a WITH and a UNION`, async () => {
        await store();
        for (const [place, rows] of Object.entries(await everywhere(fixture, column))) {
          expect(rows, place).toStrictEqual([{ value: SPECIMEN[column] }]);
        }
      });

      test(`C1 ${SPECIMEN_TYPES[column]} keeps its type in RETURNING, streams and transactions`, async () => {
        const { kysely } = fixture.storage;
        const value = SPECIMEN[column];
        await store();
        const updated = kysely.updateTable('specimen').set({ small: 1 }).where('id', '=', 1);
        const selected = kysely.selectFrom('specimen').select(column).where('id', '=', 2);
        expect(await collect(selected.stream())).toStrictEqual([{ [column]: LESSER[column] }]);
        const inside = await fixture.storage.write((tx) =>
          tx.kysely.selectFrom('specimen').select(column).where('id', '=', 2).execute(),
        );
        expect(inside).toStrictEqual([{ [column]: LESSER[column] }]);
        if (column !== 'small')
          expect(await updated.returning(column).execute()).toStrictEqual([{ [column]: value }]);
        const deleted = kysely
          .deleteFrom('specimen')
          .where('id', '=', 2)
          .returning([`${column} as gone`]);
        expect(await deleted.execute()).toStrictEqual([{ gone: LESSER[column] }]);
      });
    }

    for (const column of COMPARABLE_COLUMNS) {
      test(`C1 ${SPECIMEN_TYPES[column]} is compared by value in a plain where and order`, async () => {
        await store();
        const ids = async (direction: 'asc' | 'desc'): Promise<number[]> => {
          const query = fixture.storage.kysely.selectFrom('specimen').select('id').orderBy(column, direction);
          return (await query.execute()).map(({ id }) => id);
        };
        expect(await ids('asc')).toStrictEqual([2, 1]);
        expect(await ids('desc')).toStrictEqual([1, 2]);
        const found = await fixture.storage.kysely
          .selectFrom('specimen')
          .select('id')
          .where(column, '=', SPECIMEN[column] as never)
          .where(column, '>', LESSER[column] as never)
          .where(column, 'in', [SPECIMEN[column]] as never)
          .execute();
        expect(found).toStrictEqual([{ id: 1 }]);
      });
    }

    test('C1 a bigint small enough for a number stays a bigint wherever its column is seen', async () => {
      await store();
      await fixture.storage.repository('specimen', { key: 'id' }).update(1, { big: 7n });
      const { scalar, unionAll, ...others } = await everywhere(fixture, 'big');
      for (const [place, rows] of Object.entries(others)) expect(rows, place).toStrictEqual([{ value: 7n }]);
      // PostgreSQL does not name the column here. It only reports an int8 expression, as for a count.
      for (const rows of [scalar, unionAll])
        expect(rows).toMatchObject([{ value: expect.toSatisfy(isSeven) }]);
    });

    test('C1 selectAll over a join gives each column its own type', async () => {
      await store();
      const { kysely } = fixture.storage;
      await kysely
        .insertInto('full_specimen')
        .columns(['id', ...SPECIMEN_COLUMNS])
        .expression((eb) =>
          eb
            .selectFrom('specimen')
            .select(['id', ...SPECIMEN_COLUMNS])
            .where('id', '=', 1),
        )
        .execute();
      const rows = await kysely
        .selectFrom('specimen')
        .innerJoin('full_specimen', 'full_specimen.id', 'specimen.id')
        .selectAll('full_specimen')
        .execute();
      expect(rows).toStrictEqual([{ ...SPECIMEN, id: 1 }]);
    });

    test('C1 an outer join gives NULL where there is no row', async () => {
      await store();
      const rows = await fixture.storage.kysely
        .selectFrom('specimen')
        .leftJoin('full_specimen', 'full_specimen.id', 'specimen.id')
        .where('specimen.id', '=', 1)
        .selectAll('full_specimen')
        .execute();
      const nulls = Object.fromEntries(['id', ...SPECIMEN_COLUMNS].map((name) => [name, null]));
      expect(rows).toStrictEqual([nulls]);
    });

    test('C1 of two result columns of one name the last is kept, NULL or not', async () => {
      await store();
      const { kysely } = fixture.storage;
      const query = kysely
        .selectFrom('specimen as one')
        .leftJoin('specimen as two', (join) => join.onRef('two.id', '=', 'one.id').on('two.id', '=', 2))
        .select(['one.id', 'one.word', 'one.moment', 'two.word', 'two.moment', 'two.id'])
        .orderBy('one.id');
      const rows = [
        { id: null, word: null, moment: null },
        { id: 2, word: LESSER.word, moment: LESSER.moment },
      ];
      expect(await query.execute()).toStrictEqual(rows);
      expect(await collect(query.stream(1))).toStrictEqual(rows);
      expect(await collect(query.stream(100))).toStrictEqual(rows);
      const transactions = [fixture.storage.read, fixture.storage.write].map((begin) =>
        begin.call(fixture.storage, (tx) => tx.kysely.executeQuery(query)),
      );
      for (const result of await Promise.all(transactions)) expect(result).toMatchObject({ rows });
    });

    test('C1 count is a number', async () => {
      await store();
      const { kysely } = fixture.storage;
      const query = kysely
        .selectFrom('specimen')
        .select((eb) => [
          eb.fn.countAll().as('all'),
          eb.fn.count('doc').as('given'),
          eb.fn.count('word').distinct().as('distinct'),
        ]);
      expect(await query.execute()).toStrictEqual([{ all: 2, given: 2, distinct: 2 }]);
      const grouped = kysely
        .selectFrom('specimen')
        .select((eb) => ['flag', eb.fn.countAll().as('rows')])
        .groupBy('flag')
        .orderBy('flag');
      expect(await grouped.execute()).toStrictEqual([
        { flag: false, rows: 1 },
        { flag: true, rows: 1 },
      ]);
    });

    test('C1 sum and avg of whole numbers and numerics are numerics, with every digit', async () => {
      await store();
      const query = fixture.storage.kysely
        .selectFrom('specimen')
        .select((eb) => [
          eb.fn.sum('whole').as('whole'),
          eb.fn.sum('small').as('small'),
          eb.fn.sum('big').as('big'),
          eb.fn.sum('price').as('price'),
          eb.fn.sum('wide').as('wide'),
        ]);
      expect(await query.execute()).toStrictEqual([
        {
          whole: '0',
          small: '9',
          big: '18014398509481985',
          price: '29.80',
          wide: '2234567890123456789012345678901234567890.0123456788',
        },
      ]);
      const average = fixture.storage.kysely
        .selectFrom('specimen')
        .select((eb) => [eb.fn.avg('small').as('small'), eb.fn.avg('price').as('price')]);
      const [row] = await average.execute();
      expect(row).toStrictEqual({ small: expect.any(String), price: expect.any(String) });
      expect([Number(row?.small), Number(row?.price)]).toStrictEqual([4.5, 14.9]);
    });

    test('C1 sum and avg of doubles are numbers', async () => {
      await store();
      const query = fixture.storage.kysely
        .selectFrom('specimen')
        .select((eb) => [eb.fn.sum('floating').as('sum'), eb.fn.avg('floating').as('avg')]);
      expect(await query.execute()).toStrictEqual([{ sum: -2.4, avg: -1.2 }]);
    });

    for (const column of COMPARABLE_COLUMNS.filter((name) => !['flag', 'ident', 'bytes'].includes(name))) {
      test(`C1 min and max of ${SPECIMEN_TYPES[column]} are of its type`, async () => {
        await store();
        const query = fixture.storage.kysely
          .selectFrom('specimen')
          .select((eb) => [eb.fn.min(column).as('low'), eb.fn.max(column).as('high')]);
        expect(await query.execute()).toStrictEqual([{ low: LESSER[column], high: SPECIMEN[column] }]);
      });
    }

    test('C1 max of small bigints is a bigint', async () => {
      await fixture.storage.repository('specimen', { key: 'id' }).insert({ ...SPECIMEN, id: 1, big: 7n });
      const query = fixture.storage.kysely.selectFrom('specimen').select((eb) => eb.fn.max('big').as('big'));
      expect(await query.execute()).toStrictEqual([{ big: 7n }]);
    });

    test('C1 raw SQL gives the types of the columns it reads', async () => {
      await store();
      const names = sql.join(SPECIMEN_COLUMNS.map((column) => sql.ref(column)));
      const { rows } = await sql`select ${names} from specimen where id = 1`.execute(fixture.storage.kysely);
      expect(rows).toStrictEqual([{ ...SPECIMEN }]);
    });
  });
}

function isSeven(value: unknown): boolean {
  return value === 7 || value === 7n;
}

/** Reads the value of row 1 by every kind of query. */
async function everywhere(fixture: Fixture, column: SpecimenColumn): Promise<Record<string, unknown[]>> {
  const { kysely } = fixture.storage;
  const base = kysely.selectFrom('specimen').select(`${column} as value`).where('id', '=', 1);
  return {
    alias: await base.execute(),
    tableAlias: await kysely
      .selectFrom('specimen as s')
      .select(`s.${column} as value`)
      .where('s.id', '=', 1)
      .execute(),
    join: await kysely
      .selectFrom('specimen as a')
      .innerJoin('specimen as b', 'b.id', 'a.id')
      .select(`b.${column} as value`)
      .where('a.id', '=', 1)
      .execute(),
    subSelect: await kysely.selectFrom(base.as('inner')).selectAll().execute(),
    scalar: await kysely
      .selectFrom('specimen as outer')
      .where('outer.id', '=', 2)
      .select((eb) => eb.selectFrom('specimen').select(column).where('specimen.id', '=', 1).as('value'))
      .execute(),
    with: await kysely
      .with('picked', () => base)
      .selectFrom('picked')
      .selectAll()
      .execute(),
    unionAll: await base
      .unionAll(kysely.selectFrom('specimen').select(`${column} as value`).where('id', '=', 99))
      .execute(),
  };
}
