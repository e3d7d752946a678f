import type { Order } from '@sluice/core';
import { type RawBuilder, sql } from 'kysely';
import { describe, expect, test } from 'vitest';
import { collect } from '../../fixture/collect.js';
import type { Fixture } from '../../fixture/fixture.js';

const ROWS = [
  { id: 1, body: 'b', rank: 2, pinned: true },
  { id: 2, body: null, rank: null, pinned: null },
  { id: 3, body: 'a', rank: 1, pinned: false },
  { id: 4, body: null, rank: null, pinned: null },
];

/** NULL sorts as if larger than every value, unless the query says otherwise. */
export function nullOrderCases(fixture: Fixture): void {
  const placements: readonly [string, Order, number[]][] = [
    ['last when ascending', 'asc', [3, 1, 2, 4]],
    ['first when descending', 'desc', [2, 4, 1, 3]],
    ['first when ascending, on request', { direction: 'asc', nulls: 'first' }, [2, 4, 3, 1]],
    ['last when descending, on request', { direction: 'desc', nulls: 'last' }, [1, 3, 2, 4]],
    ['last when ascending and said so', { direction: 'asc', nulls: 'last' }, [3, 1, 2, 4]],
    ['first when descending and said so', { direction: 'desc', nulls: 'first' }, [2, 4, 1, 3]],
  ];

  describe('NULLs', () => {
    for (const column of ['body', 'rank', 'pinned'] as const) {
      for (const [what, order, expected] of placements) {
        test(`C2 NULL in ${column} comes ${what}, in find, stream and page`, async () => {
          const notes = fixture.storage.repository('note', { key: 'id' });
          await notes.insertMany(ROWS);
          const orderBy = { [column]: order, id: 'asc' } as const;
          const found = await notes.find({ orderBy });
          const streamed = await collect(notes.stream({ orderBy }));
          const page = await notes.page({ orderBy, size: 10 });
          for (const rows of [found, streamed, page.rows])
            expect(rows.map(({ id }) => id)).toStrictEqual(expected);
        });
      }

      test(`C2 NULL in ${column} has the same place in a plain query`, async () => {
        await fixture.storage.repository('note', { key: 'id' }).insertMany(ROWS);
        const base = fixture.storage.kysely.selectFrom('note').select('id');
        const ids = async (query: typeof base): Promise<number[]> =>
          (await query.execute()).map(({ id }) => id);
        expect(await ids(base.orderBy(column).orderBy('id'))).toStrictEqual([3, 1, 2, 4]);
        expect(await ids(base.orderBy(column, 'asc').orderBy('id'))).toStrictEqual([3, 1, 2, 4]);
        expect(await ids(base.orderBy(column, 'desc').orderBy('id'))).toStrictEqual([2, 4, 1, 3]);
        expect(
          await ids(base.orderBy(column, (order) => order.asc().nullsFirst()).orderBy('id')),
        ).toStrictEqual([2, 4, 3, 1]);
        expect(
          await ids(base.orderBy(column, (order) => order.desc().nullsLast()).orderBy('id')),
        ).toStrictEqual([1, 3, 2, 4]);
      });
    }

    const directions: readonly [string, RawBuilder<unknown>, number[]][] = [
      ['nulls first', sql`nulls first`, [2, 4, 3, 1]],
      ['desc', sql`DESC`, [2, 4, 1, 3]],
      ['desc, with a comment', sql`desc /* asc */`, [2, 4, 1, 3]],
      ['desc nulls last', sql`desc nulls last`, [1, 3, 2, 4]],
      ['raw SQL inside of raw SQL', sql`${sql.raw('desc')}`, [2, 4, 1, 3]],
      ['asc, with a comment', sql`asc /* no desc, no nulls first */`, [3, 1, 2, 4]],
    ];
    for (const [what, direction, expected] of directions) {
      test(`C2 NULL has its place under a direction in raw SQL: ${what}`, async () => {
        const { storage } = fixture;
        await storage.repository('note', { key: 'id' }).insertMany(ROWS);
        const base = storage.kysely.selectFrom('note').select(['id', 'rank']);
        const alone = await base.orderBy('rank', direction).orderBy('id').execute();
        expect(alone.map(({ id }) => id)).toStrictEqual(expected);
        const both = base.where('id', '<', 3).unionAll(base.where('id', '>', 2));
        const combined = await both.orderBy('rank', direction).orderBy('id').execute();
        expect(combined.map(({ id }) => id)).toStrictEqual(expected);
      });
    }

    test('C2 NULL is neither equal nor unequal to a value, nor to NULL', async () => {
      const notes = fixture.storage.repository('note', { key: 'id' });
      await notes.insertMany(ROWS);
      expect(await notes.count({ where: { rank: { ne: 1 } } })).toBe(1);
      expect(await notes.count({ where: { not: { rank: 1 } } })).toBe(1);
      expect(await notes.count({ where: { rank: { gt: 0 } } })).toBe(2);
      expect(await notes.count({ where: { rank: null } })).toBe(2);
      expect(await notes.count({ where: { rank: { eq: null } } })).toBe(2);
      expect(await notes.count({ where: { rank: { ne: null } } })).toBe(2);
      expect(await notes.count({ where: { rank: { isNull: false } } })).toBe(2);
    });

    test('C2 a unique column takes any number of NULLs', async () => {
      const { storage } = fixture;
      await storage.repository('author', { key: 'id' }).insert({ id: 1, name: 'A' });
      const books = storage.repository('book', { key: 'id' });
      const book = { author_id: 1, title: 't', isbn: null, shelf: 1 };
      await books.insertMany([
        { ...book, id: 1, slot: 1 },
        { ...book, id: 2, slot: 2 },
      ]);
      expect(await books.count()).toBe(2);
    });

    test('C2 DISTINCT and GROUP BY take NULLs as one', async () => {
      await fixture.storage.repository('note', { key: 'id' }).insertMany(ROWS);
      const { kysely } = fixture.storage;
      expect(
        await kysely.selectFrom('note').select('rank').distinct().orderBy('rank').execute(),
      ).toStrictEqual([{ rank: 1 }, { rank: 2 }, { rank: null }]);
      const grouped = kysely
        .selectFrom('note')
        .select((eb) => ['rank', eb.fn.countAll().as('rows')])
        .groupBy('rank')
        .orderBy('rank');
      expect((await grouped.execute()).at(-1)).toStrictEqual({ rank: null, rows: 2 });
    });
  });
}
