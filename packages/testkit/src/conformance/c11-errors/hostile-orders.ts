import { describe, expect, test } from 'vitest';
import { collect } from '../../fixture/collect.js';
import type { Fixture } from '../../fixture/fixture.js';
import { expectRefusal } from '../../fixture/refusal.js';

const HOSTILE: readonly [string, unknown, 'invalid_query' | 'unknown_column', string?][] = [
  ['an unknown column', { nobody: 'asc' }, 'unknown_column', 'nobody'],
  ['SQL as a column', { 'name; drop table account': 'asc' }, 'unknown_column', 'drop'],
  ['__proto__', JSON.parse('{"__proto__": "asc"}'), 'unknown_column', '__proto__'],
  ['constructor', { constructor: 'asc' }, 'unknown_column', 'constructor'],
  ['SQL as a direction', { name: 'asc; drop table account' }, 'invalid_query', 'name'],
  ['a direction in capitals', { name: 'ASC' }, 'invalid_query', 'name'],
  ['a number as a direction', { name: -1 }, 'invalid_query', 'name'],
  ['null as a direction', { name: null }, 'invalid_query', 'name'],
  ['undefined as a direction', { name: undefined }, 'invalid_query', 'name'],
  ['an object without a direction', { name: { nulls: 'first' } }, 'invalid_query', 'name'],
  ['an unknown place of NULLs', { name: { direction: 'asc', nulls: 'middle' } }, 'invalid_query', 'name'],
  ['an unknown word', { name: { direction: 'asc', collate: 'x' } }, 'invalid_query', 'collate'],
  [
    '__proto__ as a word',
    { name: JSON.parse('{"direction": "asc", "__proto__": 1}') },
    'invalid_query',
    'name',
  ],
  ['an inherited direction', { name: Object.create({ direction: 'asc' }) }, 'invalid_query', 'name'],
  ['text', 'name', 'invalid_query'],
  ['null', null, 'invalid_query'],
  ['an array of columns', ['name'], 'unknown_column'],
  [
    'ten thousand columns',
    Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`c${i}`, 'asc'])),
    'unknown_column',
  ],
];

/** Orders from untrusted input. */
export function hostileOrderCases(fixture: Fixture): void {
  describe('hostile orderBy', () => {
    for (const [what, hostile, code, named] of HOSTILE) {
      test(`C11 an orderBy of ${what} is refused, and nothing is executed`, async () => {
        const accounts = fixture.storage.repository('account', { key: 'name' });
        const orderBy = hostile as never;
        const before = fixture.storage.metrics().statements.durations.count;
        const errors = [
          await expectRefusal(accounts.find({ orderBy }), code),
          await expectRefusal(accounts.findOne({ orderBy }), code),
          await expectRefusal(accounts.page({ orderBy, size: 1 }), code),
          await expectRefusal(collect(accounts.stream({ orderBy })), code),
        ];
        expect(fixture.storage.metrics().statements.durations.count).toBe(before);
        if (named !== undefined) for (const { message } of errors) expect(message).toContain(named);
      });
    }

    test('C11 an orderBy on json is refused, as is a condition on it', async () => {
      const specimens = fixture.storage.repository('specimen', { key: 'id' });
      for (const column of ['doc', 'tree'] as const) {
        await expectRefusal(specimens.find({ orderBy: { [column]: 'asc' } }), 'invalid_query');
        await expectRefusal(specimens.find({ where: { [column]: { eq: 'x' } } }), 'invalid_query');
        await expectRefusal(specimens.find({ where: { [column]: { in: ['x'] } } }), 'invalid_query');
      }
    });
  });
}
