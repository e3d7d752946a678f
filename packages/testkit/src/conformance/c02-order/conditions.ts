import type { Where } from '@sluice/core';
import { describe, expect, test } from 'vitest';
import type { Fixture } from '../../fixture/fixture.js';
import type { SuiteDatabase } from '../../fixture/schema/suite-database.js';

const ROWS = [
  { id: 1, body: 'a', rank: 1, pinned: true },
  { id: 2, body: 'b', rank: 2, pinned: false },
  { id: 3, body: 'c', rank: 3, pinned: null },
  { id: 4, body: null, rank: null, pinned: true },
];

/** Conditions and their combinations. */
export function conditionCases(fixture: Fixture): void {
  const cases: readonly [string, Where<SuiteDatabase, 'note'>, number[]][] = [
    ['an empty where holds', {}, [1, 2, 3, 4]],
    ['members of one object must all hold', { pinned: true, rank: 1 }, [1]],
    ['operators of one column must all hold', { rank: { gt: 1, lt: 3 } }, [2]],
    ['an empty in-list matches nothing', { rank: { in: [] } }, []],
    ['an empty notIn-list matches every row that has a value', { rank: { notIn: [] } }, [1, 2, 3]],
    ['notIn passes over rows of NULL', { rank: { notIn: [1] } }, [2, 3]],
    ['in takes a value twice', { rank: { in: [2, 2, 3] } }, [2, 3]],
    ['an empty and holds', { and: [] }, [1, 2, 3, 4]],
    ['an empty or does not hold', { or: [] }, []],
    ['not of an empty or holds', { not: { or: [] } }, [1, 2, 3, 4]],
    [
      'and takes several conditions on one column',
      { and: [{ rank: { gte: 2 } }, { rank: { lte: 2 } }] },
      [2],
    ],
    ['or takes either', { or: [{ rank: 1 }, { body: 'c' }] }, [1, 3]],
    ['or and its neighbours are put in brackets', { pinned: true, or: [{ rank: 1 }, { rank: 2 }] }, [1]],
    ['not takes the opposite, NULL is unknown', { not: { pinned: true } }, [2]],
    ['not of and is one of not', { not: { and: [{ rank: 1 }, { pinned: true }] } }, [2, 3]],
    ['conditions nest', { or: [{ and: [{ rank: 1 }, { not: { body: 'b' } }] }, { body: null }] }, [1, 4]],
    ['between holds at both ends', { rank: { between: [1, 2] } }, [1, 2]],
    ['between with its ends swapped holds nowhere', { rank: { between: [2, 1] } }, []],
    ['a callback builds any expression', (eb) => eb('rank', '>', 1).and('body', '!=', 'c'), [2]],
    ['a callback may stand inside', { and: [{ pinned: true }, (eb) => eb('rank', 'is', null)] }, [4]],
  ];

  describe('conditions', () => {
    for (const [what, where, expected] of cases) {
      test(`C2 ${what}`, async () => {
        const notes = fixture.storage.repository('note', { key: 'id' });
        await notes.insertMany(ROWS);
        const found = await notes.find({ where, orderBy: { id: 'asc' } });
        expect(found.map(({ id }) => id)).toStrictEqual(expected);
        expect(await notes.count({ where })).toBe(expected.length);
      });
    }

    test('C2 an in-list and a getMany of 100,000 values are answered', async () => {
      const notes = fixture.storage.repository('note', { key: 'id' });
      await notes.insertMany(ROWS);
      const many = Array.from({ length: 100_000 }, (_, index) => index);
      expect(await notes.count({ where: { id: { in: many } } })).toBe(4);
      expect(await notes.count({ where: { id: { notIn: many } } })).toBe(0);
      expect(await notes.count({ where: { body: { in: many.map(String) } } })).toBe(0);
      const rows = await notes.getMany(many);
      expect(rows).toHaveLength(100_000);
      expect(rows.filter((row) => row !== undefined).map(({ id }) => id)).toStrictEqual([1, 2, 3, 4]);
    });

    test('C2 getMany keeps the order of the keys, repeats and gaps included', async () => {
      const notes = fixture.storage.repository('note', { key: 'id' });
      await notes.insertMany(ROWS);
      const rows = await notes.getMany([3, 99, 1, 3]);
      expect(rows.map((row) => row?.id)).toStrictEqual([3, undefined, 1, 3]);
      expect(await notes.getMany([])).toStrictEqual([]);
    });

    test('C2 getMany by a key of several columns finds each row, thousands of them', async () => {
      const placements = fixture.storage.repository('placement', { key: ['shelf', 'slot'] });
      const rows = Array.from({ length: 2_000 }, (_, index) => ({
        shelf: index % 7,
        slot: index,
        label: `l${index}`,
      }));
      await placements.insertMany(rows);
      const keys = rows.map(({ shelf, slot }) => ({ shelf, slot }));
      expect(await placements.getMany(keys)).toStrictEqual(rows);
      expect(await placements.get({ shelf: 1, slot: 0 })).toBeUndefined();
    });

    test('C2 limit and offset cut the rows, each without the other too', async () => {
      const notes = fixture.storage.repository('note', { key: 'id' });
      await notes.insertMany(ROWS);
      const ids = async (query: { limit?: number; offset?: number }): Promise<number[]> =>
        (await notes.find({ ...query, orderBy: { id: 'asc' } })).map(({ id }) => id);
      expect(await ids({ limit: 2 })).toStrictEqual([1, 2]);
      expect(await ids({ offset: 3 })).toStrictEqual([4]);
      expect(await ids({ limit: 1, offset: 1 })).toStrictEqual([2]);
      expect(await ids({ limit: 0 })).toStrictEqual([]);
      expect(await ids({ offset: 9 })).toStrictEqual([]);
    });
  });
}
