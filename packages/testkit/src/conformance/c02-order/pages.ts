import type { OrderBy, PageQuery, Repository } from '@sluice/core';
import type { Selectable } from 'kysely';
import { describe, expect, test } from 'vitest';
import type { Fixture } from '../../fixture/fixture.js';
import type { SuiteDatabase } from '../../fixture/schema/suite-database.js';

type Notes = Repository<SuiteDatabase, 'note', 'id'>;
type Note = Selectable<SuiteDatabase['note']>;
type NoteOrder = OrderBy<SuiteDatabase, 'note'>;

/** Sixty rows with duplicates and NULLs in every column except the key. */
const ROWS: readonly Note[] = Array.from({ length: 60 }, (_, id) => ({
  id,
  body: id % 5 === 0 ? null : `b${id % 4}`,
  rank: id % 7 === 0 ? null : id % 3,
  pinned: id % 6 === 0 ? null : id % 2 === 0,
}));

const ORDERS: readonly [string, NoteOrder][] = [
  ['the key alone', {}],
  ['one column ascending', { rank: 'asc' }],
  ['one column descending', { rank: 'desc' }],
  ['NULLs first ascending', { body: { direction: 'asc', nulls: 'first' } }],
  ['NULLs last descending', { body: { direction: 'desc', nulls: 'last' } }],
  ['two columns in one direction', { body: 'asc', rank: 'asc' }],
  ['two columns in mixed directions', { body: 'asc', rank: 'desc' }],
  [
    'three columns in mixed directions with NULLs on both sides',
    {
      pinned: { direction: 'desc', nulls: 'last' },
      body: { direction: 'asc', nulls: 'first' },
      rank: 'desc',
    },
  ],
  ['the key in the middle', { pinned: 'asc', id: 'desc', rank: 'asc' }],
  ['the key descending', { id: 'desc' }],
];

/** Keyset pages: together they return the rows of `find` in the same order, even if other rows change between two pages. */
export function pageCases(fixture: Fixture): void {
  const store = async (): Promise<Notes> => {
    const notes = fixture.storage.repository('note', { key: 'id' });
    await notes.insertMany(ROWS);
    return notes;
  };

  describe('pages', () => {
    for (const [what, orderBy] of ORDERS) {
      for (const size of [1, 7, 60, 100]) {
        test(`C2 pages of ${size} by ${what} hold every row once, in the order of find`, async () => {
          const notes = await store();
          const pages = await allPages(notes, { orderBy, size });
          expect(pages.every((page) => page.length <= size && page.length > 0)).toBe(true);
          expect(pages.flat()).toStrictEqual(
            await notes.find({ orderBy: { ...orderBy, ...keyLast(orderBy) } }),
          );
        });
      }
    }

    test('C2 the last page has no next one, even when it is full', async () => {
      const notes = await store();
      const page = await notes.page({ size: 60 });
      expect(page.rows).toHaveLength(60);
      expect(page.nextCursor).toBeUndefined();
      expect(await notes.page({ size: 5, where: { id: -1 } })).toStrictEqual({
        rows: [],
        nextCursor: undefined,
      });
    });

    test('C2 pages keep to their condition', async () => {
      const notes = await store();
      const pages = await allPages(notes, { orderBy: { rank: 'desc' }, size: 4, where: { body: 'b1' } });
      expect(pages.flat().every(({ body }) => body === 'b1')).toBe(true);
      expect(pages.flat()).toHaveLength(ROWS.filter(({ body }) => body === 'b1').length);
    });

    test('C2 rows inserted and deleted between pages neither repeat nor hide others', async () => {
      const notes = await store();
      const first = await notes.page({ orderBy: { rank: 'asc' }, size: 20 });
      const passed = first.rows.at(0);
      const last = first.rows.at(-1);
      await notes.delete(passed?.id ?? -1);
      await notes.delete(last?.id ?? -1);
      await notes.insert({ id: 1_000, body: null, rank: -1, pinned: null });
      await notes.insert({ id: 1_001, body: null, rank: 2, pinned: null });
      const rest = await allPages(notes, { orderBy: { rank: 'asc' }, size: 20, cursor: first.nextCursor });
      const ids = [...first.rows, ...rest.flat()].map(({ id }) => id);
      expect(new Set(ids).size).toBe(ids.length);
      expect(ids.toSorted((a, b) => a - b)).toStrictEqual([...ROWS.map(({ id }) => id), 1_001]);
    });

    test('C2 pages of a table with a key of several columns hold every row once', async () => {
      const placements = fixture.storage.repository('placement', { key: ['shelf', 'slot'] });
      const rows = Array.from({ length: 30 }, (_, i) => ({ shelf: i % 3, slot: i, label: `l${i % 2}` }));
      await placements.insertMany(rows);
      const seen: string[] = [];
      let cursor: string | undefined;
      do {
        const page = await placements.page({ orderBy: { label: 'desc' }, size: 4, cursor });
        seen.push(...page.rows.map(({ label, shelf, slot }) => `${label}/${shelf}/${slot}`));
        cursor = page.nextCursor;
      } while (cursor !== undefined && seen.length < 100);
      expect(seen).toHaveLength(30);
      expect(new Set(seen).size).toBe(30);
    });
  });
}

/** The key decides the order of equal rows, in the direction of the last column. */
function keyLast(orderBy: NoteOrder): NoteOrder {
  if ('id' in orderBy) return {};
  const last = Object.values(orderBy).at(-1) ?? 'asc';
  return { id: typeof last === 'string' ? last : last.direction };
}

async function allPages(notes: Notes, query: PageQuery<SuiteDatabase, 'note'>): Promise<Note[][]> {
  const pages: Note[][] = [];
  let { cursor } = query;
  do {
    const page = await notes.page({ ...query, cursor });
    pages.push(page.rows);
    cursor = page.nextCursor;
  } while (cursor !== undefined && pages.length <= ROWS.length + 1);
  return pages;
}
