import { beforeEach, describe, expect, test } from 'vitest';
import type { Fixture } from '../../fixture/fixture.js';
import { expectRefusal } from '../../fixture/refusal.js';

/** A cursor is opaque. It is valid only for the table and the order of the page that returned it. */
export function cursorCases(fixture: Fixture): void {
  describe('cursors', () => {
    let cursor = '';

    beforeEach(async () => {
      const notes = fixture.storage.repository('note', { key: 'id' });
      await notes.insertMany(
        Array.from({ length: 9 }, (_, id) => ({ id, body: `b${id}`, rank: id, pinned: null })),
      );
      const page = await notes.page({ orderBy: { rank: 'asc' }, size: 3 });
      cursor = page.nextCursor ?? '';
      expect(cursor).not.toBe('');
    });

    test('C2 a cursor of another order is refused', async () => {
      const notes = fixture.storage.repository('note', { key: 'id' });
      const orders = [
        { rank: 'desc' },
        { body: 'asc' },
        { rank: 'asc', body: 'asc' },
        { rank: { direction: 'asc', nulls: 'first' } },
        {},
      ] as const;
      for (const orderBy of orders) {
        await expectRefusal(notes.page({ orderBy, size: 3, cursor }), 'invalid_cursor');
      }
    });

    test('C2 a cursor of another table is refused', async () => {
      const rules = fixture.storage.repository('rule', { key: 'id' });
      await expectRefusal(rules.page({ size: 3, cursor }), 'invalid_cursor');
    });

    test('C2 a cursor changed at any place is refused', async () => {
      const notes = fixture.storage.repository('note', { key: 'id' });
      for (let at = 0; at < cursor.length - 1; at += 1) {
        const letter = cursor[at] === 'A' ? 'B' : 'A';
        const changed = cursor.slice(0, at) + letter + cursor.slice(at + 1);
        await expectRefusal(
          notes.page({ orderBy: { rank: 'asc' }, size: 3, cursor: changed }),
          'invalid_cursor',
        );
      }
    });

    const strangers: readonly [string, unknown][] = [
      ['the empty string', ''],
      ['a word', 'next'],
      ['base64 of JSON', Buffer.from('[1]').toString('base64url')],
      ['SQL', "' or 1=1 --"],
      ['a number', 5],
      ['null', null],
      ['an object', { offset: 5 }],
      ['an array', ['x']],
      ['a megabyte', 'A'.repeat(1_000_000)],
    ];
    for (const [what, stranger] of strangers) {
      test(`C2 ${what} is no cursor, and refused`, async () => {
        const notes = fixture.storage.repository('note', { key: 'id' });
        const query = { orderBy: { rank: 'asc' }, size: 3, cursor: stranger as string } as const;
        await expectRefusal(notes.page(query), 'invalid_cursor');
      });
    }

    test('C2 a cut or lengthened cursor is refused', async () => {
      const notes = fixture.storage.repository('note', { key: 'id' });
      for (const changed of [cursor.slice(0, -4), cursor.slice(4), `${cursor}AAAA`, cursor + cursor]) {
        await expectRefusal(
          notes.page({ orderBy: { rank: 'asc' }, size: 3, cursor: changed }),
          'invalid_cursor',
        );
      }
    });

    test('C2 a page of no or a broken size is refused', async () => {
      const notes = fixture.storage.repository('note', { key: 'id' });
      for (const size of [0, -1, 1.5, Number.NaN, '3', null]) {
        await expectRefusal(notes.page({ size: size as number }), 'invalid_query');
      }
    });
  });
}
