import { beforeEach, describe, expect, test } from 'vitest';
import type { Fixture } from '../../fixture/fixture.js';
import { expectRefusal, type RefusalCode } from '../../fixture/refusal.js';

/** Keys, rows and patches from untrusted input. */
export function hostileKeyCases(fixture: Fixture): void {
  const accounts = () => fixture.storage.repository('account', { key: 'name' });
  const placements = () => fixture.storage.repository('placement', { key: ['shelf', 'slot'] });

  describe('hostile keys and rows', () => {
    beforeEach(async () => {
      await accounts().insert({ name: 'a', balance: 1 });
      await placements().insert({ shelf: 1, slot: 1, label: 'p' });
    });

    const single: readonly [string, unknown, RefusalCode][] = [
      ['undefined', undefined, 'invalid_key'],
      ['null', null, 'invalid_key'],
      ['an empty object', {}, 'invalid_key'],
      ['an object of an operator', { ne: '' }, 'invalid_key'],
      ['an array', ['a'], 'invalid_key'],
      ['__proto__', JSON.parse('{"__proto__": "a"}'), 'invalid_key'],
      ['an inherited key', Object.create({ name: 'a' }), 'invalid_key'],
      ['a number', 5, 'invalid_value'],
      ['U+0000', 'a\0', 'invalid_value'],
      ['a function', () => 'a', 'invalid_value'],
    ];
    for (const [what, key, code] of single) {
      test(`C11 a key that is ${what} is refused in every call that takes one`, async () => {
        const hostile = key as string;
        await expectRefusal(accounts().get(hostile), code);
        await expectRefusal(accounts().getOrThrow(hostile), code);
        await expectRefusal(accounts().getMany(['a', hostile]), code);
        await expectRefusal(accounts().has(hostile), code);
        await expectRefusal(accounts().update(hostile, { balance: 0 }), code);
        await expectRefusal(accounts().delete(hostile), code);
        expect(await accounts().find()).toStrictEqual([{ name: 'a', balance: 1 }]);
      });
    }

    const composite: readonly [string, unknown, RefusalCode][] = [
      ['one value', 1, 'invalid_key'],
      ['a part', { shelf: 1 }, 'invalid_key'],
      ['too much', { shelf: 1, slot: 1, label: 'p' }, 'invalid_key'],
      ['a part that is null', { shelf: 1, slot: null }, 'invalid_key'],
      ['a part that is undefined', { shelf: 1, slot: undefined }, 'invalid_key'],
      ['an operator in a part', { shelf: 1, slot: { gt: 0 } }, 'invalid_value'],
      ['an array of values', [1, 1], 'invalid_key'],
    ];
    for (const [what, key, code] of composite) {
      test(`C11 a key of several columns given as ${what} is refused`, async () => {
        const hostile = key as { shelf: number; slot: number };
        await expectRefusal(placements().get(hostile), code);
        await expectRefusal(placements().update(hostile, { label: 'x' }), code);
        await expectRefusal(placements().delete(hostile), code);
        expect(await placements().count({ where: { label: 'p' } })).toBe(1);
      });
    }

    const rows: readonly [string, unknown, RefusalCode][] = [
      ['null', null, 'invalid_query'],
      ['text', 'name', 'invalid_query'],
      ['an array', [{ name: 'x' }], 'invalid_query'],
      ['an unknown column', { name: 'x', balance: 1, nobody: 1 }, 'unknown_column'],
      ['SQL as a column', { 'name) values (1); --': 'x' }, 'unknown_column'],
      ['__proto__', JSON.parse('{"name": "x", "balance": 1, "__proto__": 5}'), 'unknown_column'],
      ['constructor', { name: 'x', balance: 1, constructor: 5 }, 'unknown_column'],
      ['an object as a value', { name: { toString: () => 'x' }, balance: 1 }, 'invalid_value'],
      ['a callback as a value', { name: () => 'x', balance: 1 }, 'invalid_value'],
      ['an expression as a value', { name: 'x', balance: { toOperationNode: () => null } }, 'invalid_value'],
    ];
    for (const [what, row, code] of rows) {
      test(`C11 a row of ${what} is refused in every call that takes one`, async () => {
        const hostile = row as { name: string; balance: number };
        await expectRefusal(accounts().insert(hostile), code);
        await expectRefusal(accounts().insertMany([hostile]), code);
        await expectRefusal(accounts().load([hostile]), code);
        await expectRefusal(accounts().upsert(hostile), code);
        // A callback of a patch builds an expression, and this one does not.
        const inPatch = typeof hostile?.name === 'function' ? 'invalid_query' : code;
        await expectRefusal(accounts().update('a', hostile), inPatch);
        await expectRefusal(accounts().updateMany({ where: {} }, hostile), inPatch);
        expect(await accounts().find()).toStrictEqual([{ name: 'a', balance: 1 }]);
      });
    }

    test('C11 an upsert that overwrites an unknown column is refused', async () => {
      const update = ['nobody'] as never;
      await expectRefusal(accounts().upsert({ name: 'a', balance: 2 }, { update }), 'unknown_column');
      expect(await accounts().get('a')).toStrictEqual({ name: 'a', balance: 1 });
    });
  });
}
