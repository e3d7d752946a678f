import type { OrderBy } from '@sluice/core';
import { describe, expect, test } from 'vitest';
import { collect } from '../../fixture/collect.js';
import type { Fixture } from '../../fixture/fixture.js';
import { expectRefusal } from '../../fixture/refusal.js';
import type { SuiteDatabase } from '../../fixture/schema/suite-database.js';

const ROWS = Array.from({ length: 20 }, (_, id) => ({
  id,
  body: id % 5 === 0 ? null : `b${id % 4}`,
  rank: id % 7 === 0 ? null : id % 3,
  pinned: id % 6 === 0 ? null : id % 2 === 0,
}));

const ORDERS: readonly OrderBy<SuiteDatabase, 'note'>[] = [
  {},
  { id: 'desc' },
  { rank: 'asc' },
  { body: { direction: 'desc', nulls: 'last' }, rank: 'asc' },
  { pinned: { direction: 'asc', nulls: 'first' }, body: 'desc' },
];

/** A stream can begin after any row of its order, by the row's values or by the cursor of a page. */
export function seekingCases(fixture: Fixture): void {
  const store = async () => {
    const notes = fixture.storage.repository('note', { key: 'id' });
    await notes.insertMany(ROWS);
    return notes;
  };

  describe('seeking', () => {
    for (const orderBy of ORDERS) {
      test(`C9 a stream by ${JSON.stringify(orderBy)} goes on after each of its rows`, async () => {
        const notes = await store();
        const whole = (await notes.page({ orderBy, size: 100 })).rows;
        for (const [index, after] of whole.entries()) {
          const rest = await collect(notes.stream({ orderBy, after }));
          expect(rest).toStrictEqual(whole.slice(index + 1));
        }
        const { nextCursor } = await notes.page({ orderBy, size: 6 });
        const seen = await collect(notes.stream({ orderBy, cursor: nextCursor, select: ['id'], limit: 5 }));
        expect(seen).toStrictEqual(whole.slice(6, 11).map(({ id }) => ({ id })));
      });
    }

    test('C9 a stream goes on after a row that is no more, with its condition', async () => {
      const notes = await store();
      await notes.delete(9);
      const where = { id: { lt: 12 } };
      const rest = await collect(notes.stream({ where, after: { id: 9 } }));
      expect(rest.map(({ id }) => id)).toStrictEqual([10, 11]);
    });

    test('C9 a key of several columns is a place', async () => {
      const countries = fixture.storage.repository('country', { key: ['region', 'code'] });
      const rows = ['aa', 'ab', 'ba', 'bb'].map((text) => ({
        region: text.slice(0, 1),
        code: text.slice(1),
        name: text,
      }));
      await countries.insertMany(rows);
      expect(await collect(countries.stream({ after: { region: 'a', code: 'b' } }))).toStrictEqual(
        rows.slice(2),
      );
      await expectRefusal(collect(countries.stream({ after: { region: 'a' } })), 'invalid_query');
    });

    const wrong: readonly (readonly [
      string,
      object,
      'invalid_cursor' | 'invalid_query' | 'unknown_column',
    ])[] = [
      ['no value of its order', { orderBy: { rank: 'asc' }, after: { id: 1 } }, 'invalid_query'],
      ['no value of its key', { orderBy: { rank: 'asc' }, after: { rank: 1 } }, 'invalid_query'],
      ['NULL in its key', { after: { id: null } }, 'invalid_query'],
      ['a column that is none', { after: { id: 1, colour: 'red' } }, 'unknown_column'],
      ['a text', { after: 'x' }, 'invalid_query'],
      ['both', { after: { id: 1 }, cursor: 'x' }, 'invalid_query'],
      ['a cursor of nothing', { cursor: 'x' }, 'invalid_cursor'],
    ];
    for (const [what, query, code] of wrong) {
      test(`C11 a place with ${what} is refused`, async () => {
        const notes = fixture.storage.repository('note', { key: 'id' });
        await expectRefusal(collect(notes.stream(query)), code);
      });
    }
  });
}
