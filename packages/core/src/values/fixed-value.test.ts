import { describe, expect, it } from 'vitest';
import { fixedRow, fixedValue } from './fixed-value.js';

describe('fixedValue', () => {
  it('copies bytes, Dates, arrays and plain objects to any depth', () => {
    const given = {
      bytes: new Uint8Array([1]),
      list: [new Date(1), { deep: [Buffer.from([2])] }],
      text: 'a',
    };
    const fixed = fixedValue(given);
    expect(fixed).toStrictEqual(given);
    given.bytes.fill(9);
    (given.list[0] as Date).setTime(9);
    (given.list[1] as { deep: Buffer[] }).deep[0]?.fill(9);
    given.text = 'b';
    expect(fixed).toStrictEqual({
      bytes: new Uint8Array([1]),
      list: [new Date(1), { deep: [Buffer.from([2])] }],
      text: 'a',
    });
  });

  it('keeps functions and the instances of other classes', () => {
    class Expression {}
    const given = { call: () => 1, expression: new Expression() };
    const fixed = fixedValue(given);
    expect(fixed.call).toBe(given.call);
    expect(fixed.expression).toBe(given.expression);
  });

  it('copies the part of a buffer that was given', () => {
    const whole = new Uint8Array([1, 2, 3, 4]);
    const fixed = fixedValue(whole.subarray(1, 3));
    expect(fixed).toStrictEqual(new Uint8Array([2, 3]));
    expect(fixed.buffer.byteLength).toBe(2);
  });

  it('copies the memory of other views, too', () => {
    const given = new Uint16Array([1, 2]);
    const fixed = [fixedValue(given), new Uint16Array(fixedValue(given.buffer))];
    given.fill(9);
    expect(fixed).toStrictEqual([new Uint16Array([1, 2]), new Uint16Array([1, 2])]);
  });

  it('copies what is nested deeper than the stack, and what refers to itself', () => {
    let nested: unknown = 1;
    for (let depth = 0; depth < 100_000; depth += 1) nested = [nested];
    expect(fixedValue(nested)).toHaveLength(1);
    const circle: { self?: unknown } = {};
    circle.self = circle;
    const fixed = fixedValue(circle);
    expect(fixed.self).toBe(fixed);
    expect(fixed).not.toBe(circle);
  });

  it('copies a property named __proto__ as a property', () => {
    const given = JSON.parse('{"__proto__": {"a": 1}}');
    expect(JSON.stringify(fixedValue(given))).toBe('{"__proto__":{"a":1}}');
  });
});

describe('fixedRow', () => {
  it('copies a row, and its values that can change', () => {
    const row = { id: 1, bytes: new Uint8Array([1]), list: [1], nothing: null };
    const fixed = fixedRow(row);
    row.id = 2;
    row.bytes.fill(2);
    row.list.push(2);
    expect(fixed).toStrictEqual({ id: 1, bytes: new Uint8Array([1]), list: [1], nothing: null });
  });

  it('leaves what is no row to be refused', () => {
    for (const given of [undefined, null, 'row', [1]]) expect(fixedRow(given)).toBe(given);
  });
});
