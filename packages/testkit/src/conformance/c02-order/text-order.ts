import { describe, expect, test } from 'vitest';
import type { Fixture } from '../../fixture/fixture.js';

/**
 * Strings in the order of their code points. This differs from dictionary order, from the order of UTF-16 units, and from the order of the
 * database's locale.
 */
const BY_CODE_POINT = [
  '',
  ' a',
  '!',
  '10',
  '9',
  'A',
  'B',
  'Z',
  '_',
  'a',
  'a b',
  'ab',
  'b',
  'zz',
  'Ä',
  'ß',
  'ä',
  'é',
  'Ω',
  '\uFF5E',
  '🌊',
  '🌊a',
];

/** Text is sorted and compared by code point. Two strings are equal only if they have the same code points. */
export function textOrderCases(fixture: Fixture): void {
  const store = async (): Promise<void> => {
    const rows = BY_CODE_POINT.map((body, id) => ({ id, body }));
    await fixture.storage.repository('note', { key: 'id' }).insertMany(rows.toReversed() as never);
  };
  const bodies = (rows: readonly { readonly body: string | null }[]): (string | null)[] =>
    rows.map(({ body }) => body);

  describe('text', () => {
    test('C2 text sorts by code point in a repository', async () => {
      await store();
      const notes = fixture.storage.repository('note', { key: 'id' });
      expect(bodies(await notes.find({ orderBy: { body: 'asc' } }))).toStrictEqual(BY_CODE_POINT);
      expect(bodies(await notes.find({ orderBy: { body: 'desc' } }))).toStrictEqual(
        BY_CODE_POINT.toReversed(),
      );
    });

    test('C2 text sorts by code point in a plain query', async () => {
      await store();
      const query = fixture.storage.kysely.selectFrom('note').select('body').orderBy('body');
      expect(bodies(await query.execute())).toStrictEqual(BY_CODE_POINT);
    });

    test('C2 text is less and greater by code point', async () => {
      await store();
      const notes = fixture.storage.repository('note', { key: 'id' });
      const greater = await notes.find({ where: { body: { gt: 'Z' } }, orderBy: { id: 'asc' } });
      expect(bodies(greater)).toStrictEqual(BY_CODE_POINT.slice(BY_CODE_POINT.indexOf('Z') + 1));
      const between = await notes.find({ where: { body: { between: ['a', 'ä'] } }, orderBy: { id: 'asc' } });
      expect(bodies(between)).toStrictEqual(
        BY_CODE_POINT.slice(BY_CODE_POINT.indexOf('a'), BY_CODE_POINT.indexOf('ä') + 1),
      );
    });

    test('C2 min and max of text go by code point', async () => {
      await store();
      const query = fixture.storage.kysely
        .selectFrom('note')
        .select((eb) => [eb.fn.min('body').as('low'), eb.fn.max('body').as('high')]);
      expect(await query.execute()).toStrictEqual([{ low: '', high: '🌊a' }]);
    });

    const pairs: readonly [string, string][] = [
      ['a', 'A'],
      ['ä', 'Ä'],
      ['é', 'e\u0301'],
      ['a', 'a '],
      ['ß', 'ss'],
      ['1', '01'],
      ['', ' '],
    ];
    for (const [one, other] of pairs) {
      test(`C2 ${JSON.stringify(one)} is not ${JSON.stringify(other)}, in where, in, distinct and unique keys`, async () => {
        const { storage } = fixture;
        const notes = storage.repository('note', { key: 'id' });
        const accounts = storage.repository('account', { key: 'name' });
        await notes.insertMany([
          { id: 1, body: one },
          { id: 2, body: other },
        ] as never);
        await accounts.insertMany([
          { name: one, balance: 1 },
          { name: other, balance: 2 },
        ]);
        expect(await notes.count({ where: { body: one } })).toBe(1);
        expect(await notes.count({ where: { body: { in: [other] } } })).toBe(1);
        expect(await notes.count({ where: { body: { ne: one } } })).toBe(1);
        const distinct = storage.kysely.selectFrom('note').select('body').distinct();
        expect(await distinct.execute()).toHaveLength(2);
        expect(await accounts.get(one)).toStrictEqual({ name: one, balance: 1 });
      });
    }
  });
}
