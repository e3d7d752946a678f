import { beforeEach, describe, expect, test } from 'vitest';
import type { Fixture } from '../../fixture/fixture.js';
import { expectRefusal, type RefusalCode } from '../../fixture/refusal.js';

type HostileCode = Extract<RefusalCode, 'invalid_query' | 'invalid_value' | 'unknown_column'>;

class Impostor {
  name = 'a';
}

/** A `where` that may come from a web request, the code of its refusal, and the key that the message must name. */
const HOSTILE: readonly [string, unknown, HostileCode, string?][] = [
  ['an unknown column', { nobody: 1 }, 'unknown_column', 'nobody'],
  ['SQL as a column', { 'name" = name or 1=1 --': 1 }, 'unknown_column', '1=1'],
  ['a column with its table', { 'account.name': 'a' }, 'unknown_column', 'account.name'],
  ['a column in other letters', { NAME: 'a' }, 'unknown_column', 'NAME'],
  ['__proto__', JSON.parse('{"__proto__": {"name": "a"}}'), 'unknown_column', '__proto__'],
  ['constructor', { constructor: 'a' }, 'unknown_column', 'constructor'],
  ['toString', { toString: 'a' }, 'unknown_column', 'toString'],
  ['hasOwnProperty', { hasOwnProperty: 'a' }, 'unknown_column', 'hasOwnProperty'],
  ['an unknown operator', { name: { matches: 'a' } }, 'invalid_query', 'matches'],
  ['an operator of another library', { name: { $gt: '' } }, 'invalid_query', '$gt'],
  ['SQL as an operator', { name: { "= '' or 1=1 --": 'a' } }, 'invalid_query', 'name'],
  ['constructor as an operator', { name: { constructor: 'a' } }, 'invalid_query', 'constructor'],
  ['__proto__ as an operator', { name: JSON.parse('{"__proto__": "a"}') }, 'invalid_query', '__proto__'],
  ['toString as an operator', { name: { toString: 'a' } }, 'invalid_query', 'toString'],
  ['no operator', { name: {} }, 'invalid_query', 'name'],
  ['an object as a value', { name: { eq: { eq: 'a' } } }, 'invalid_query', 'name'],
  ['an array as a value', { name: ['a', 'b'] }, 'invalid_value', 'name'],
  ['an array in eq', { name: { eq: ['a'] } }, 'invalid_value', 'name'],
  ['a number as text', { name: 5 }, 'invalid_value', 'name'],
  ['text as a number', { balance: '1 or 1=1' }, 'invalid_value', 'balance'],
  ['true as a number', { balance: true }, 'invalid_value', 'balance'],
  ['NaN', { balance: Number.NaN }, 'invalid_value', 'balance'],
  ['U+0000', { name: 'a\0' }, 'invalid_value', 'name'],
  ['half of a surrogate pair', { name: '\uD800' }, 'invalid_value', 'name'],
  ['undefined', { name: undefined }, 'invalid_query', 'name'],
  ['undefined in an operator', { name: { eq: undefined } }, 'invalid_query', 'name'],
  ['null in gt', { balance: { gt: null } }, 'invalid_query', 'balance'],
  ['null in a list', { name: { in: ['a', null] } }, 'invalid_query', 'name'],
  ['undefined in a list', { name: { in: ['a', undefined] } }, 'invalid_query', 'name'],
  ['an object in a list', { name: { in: [{ eq: 'a' }] } }, 'invalid_query', 'name'],
  ['no list', { name: { in: 'a' } }, 'invalid_query', 'name'],
  ['an object as a list', { name: { in: { length: 1, 0: 'a' } } }, 'invalid_query', 'name'],
  ['between of one', { balance: { between: [1] } }, 'invalid_query', 'balance'],
  ['between of three', { balance: { between: [1, 2, 3] } }, 'invalid_query', 'balance'],
  ['between of null', { balance: { between: [null, 2] } }, 'invalid_query', 'balance'],
  ['like of a number', { name: { like: 5 } }, 'invalid_query', 'name'],
  ['like of an object', { name: { like: {} } }, 'invalid_query', 'name'],
  ['like of null', { name: { like: null } }, 'invalid_query', 'name'],
  ['contains on a number column', { balance: { contains: '1' } }, 'invalid_query', 'balance'],
  ['isNull of text', { name: { isNull: 'true' } }, 'invalid_query', 'name'],
  ['and of an object', { and: { name: 'a' } }, 'invalid_query', 'and'],
  ['or of text', { or: 'name' }, 'invalid_query', 'or'],
  ['or of null', { or: [null] }, 'invalid_query'],
  ['or of undefined', { or: [undefined] }, 'invalid_query'],
  ['not of an array', { not: [{ name: 'a' }] }, 'invalid_query'],
  ['not of undefined', { not: undefined }, 'invalid_query'],
  ['an unknown column deep inside', { and: [{ or: [{ not: { nobody: 1 } }] }] }, 'unknown_column', 'nobody'],
  ['null', null, 'invalid_query'],
  ['text', "name = 'a'", 'invalid_query'],
  ['a number', 1, 'invalid_query'],
  ['true', true, 'invalid_query'],
  ['an array', [{ name: 'a' }], 'invalid_query'],
  ['inherited properties', Object.create({ name: 'a' }), 'invalid_query'],
  ['an instance of a class', new Impostor(), 'invalid_query'],
  ['a Map', new Map([['name', 'a']]), 'invalid_query'],
  ['a callback that returns text', () => '1=1', 'invalid_query'],
  ['a callback that returns nothing', () => undefined, 'invalid_query'],
  ['ten thousand nested ors', nested(10_000, 'or'), 'invalid_query'],
  ['ten thousand nested nots', nested(10_000, 'not'), 'invalid_query'],
  ['ten thousand ors side by side', { or: Array(10_000).fill({ name: 'a' }) }, 'invalid_query'],
];

/** Conditions from untrusted input are refused before any statement is executed. */
export function hostileWhereCases(fixture: Fixture): void {
  const accounts = () => fixture.storage.repository('account', { key: 'name' });

  describe('hostile where', () => {
    beforeEach(async () => {
      await accounts().insertMany([
        { name: 'a', balance: 1 },
        { name: 'b', balance: 2 },
      ]);
    });

    for (const [what, hostile, code, named] of HOSTILE) {
      test(`C11 a where of ${what} is refused, and nothing is executed`, async () => {
        const where = hostile as never;
        const before = fixture.storage.metrics().statements.durations.count;
        const errors = [
          await expectRefusal(accounts().find({ where }), code),
          await expectRefusal(accounts().count({ where }), code),
          await expectRefusal(accounts().page({ where, size: 1 }), code),
          await expectRefusal(accounts().updateMany({ where }, { balance: 0 }), code),
          await expectRefusal(accounts().deleteMany({ where }), code),
        ];
        expect(fixture.storage.metrics().statements.durations.count).toBe(before);
        if (named !== undefined) for (const { message } of errors) expect(message).toContain(named);
        expect(await accounts().count({ where: { balance: { gt: 0 } } })).toBe(2);
      });
    }

    test('C11 an honest where of a hundred conditions is answered', async () => {
      const or = Array.from({ length: 100 }, (_, balance) => ({ balance, name: { ne: 'x' } }));
      expect(await accounts().count({ where: { or } })).toBe(2);
    });

    const queries: readonly [string, unknown][] = [
      ['null', null],
      ['text', 'where 1=1'],
      ['an array', []],
      ['an unknown option', { were: {} }],
      ['SQL as an option', { 'limit 1; drop table account': 1 }],
      ['a limit of text', { limit: '1; drop table account' }],
      ['a negative limit', { limit: -1 }],
      ['half a limit', { limit: 0.5 }],
      ['a limit of infinity', { limit: Number.POSITIVE_INFINITY }],
      ['an offset of an object', { offset: {} }],
      ['a negative offset', { offset: -1 }],
    ];
    for (const [what, query] of queries) {
      test(`C11 a query of ${what} is refused`, async () => {
        await expectRefusal(accounts().find(query as never), 'invalid_query');
        expect(await accounts().count()).toBe(2);
      });
    }
  });
}

function nested(depth: number, word: 'not' | 'or'): unknown {
  let where: unknown = { name: 'a' };
  for (let level = 0; level < depth; level += 1) where = { [word]: word === 'or' ? [where] : where };
  return where;
}
