import type { SpecimenColumn } from '../../fixture/schema/specimen.js';

/** A value that no driver may store. */
export interface RefusedValue {
  readonly what: string;
  readonly given: unknown;
}

const refuse = (given: unknown, what = String(given)): RefusedValue => ({ what, given });

const NEITHER_NUMBER: readonly RefusedValue[] = [
  refuse(Number.NaN),
  refuse(Number.POSITIVE_INFINITY),
  refuse(-0, '-0'),
  refuse(1.5),
  refuse('1', 'a string'),
  refuse(true),
  refuse({}, 'an object'),
  refuse([1], 'an array'),
];

const UNSTORABLE_TEXT: readonly RefusedValue[] = [
  refuse('a\0b', 'U+0000'),
  refuse('\0', 'U+0000 alone'),
  refuse('a\uD800', 'half of a surrogate pair'),
  refuse('\uDC00a', 'the other half'),
  refuse(5, 'a number'),
  refuse(true),
  refuse({ a: 1 }, 'an object'),
  refuse(['a'], 'an array'),
  refuse(new Date(0), 'a Date'),
];

const UNSTORABLE_JSON: readonly RefusedValue[] = [
  refuse({ a: undefined }, 'undefined inside'),
  refuse([undefined], 'undefined in an array'),
  refuse({ a: Number.NaN }, 'NaN inside'),
  refuse(Number.POSITIVE_INFINITY),
  refuse({ a: -0 }, '-0 inside'),
  refuse(5n, 'a bigint'),
  refuse({ a: new Date(0) }, 'a Date inside'),
  refuse(new Map(), 'a Map'),
  refuse(() => 1, 'a function'),
  refuse(Symbol('x'), 'a symbol'),
  refuse({ a: 'x\0' }, 'U+0000 inside'),
  refuse({ 'x\0': 1 }, 'U+0000 in a key'),
  refuse(['\uD800'], 'half of a surrogate pair inside'),
];

/** Values that every driver must refuse by a ValueError, by column of the specimen table. */
export const REFUSED_VALUES: Readonly<Record<SpecimenColumn, readonly RefusedValue[]>> = {
  small: [refuse(-32_769), refuse(32_768), ...NEITHER_NUMBER],
  whole: [refuse(-2_147_483_649), refuse(2_147_483_648), refuse(2n ** 64n), ...NEITHER_NUMBER],
  big: [
    refuse(2n ** 63n),
    refuse(-(2n ** 63n) - 1n),
    refuse(2 ** 53, 'an unsafe number'),
    refuse(1e30),
    ...NEITHER_NUMBER,
  ],
  floating: [
    refuse(Number.NaN),
    refuse(-0, '-0'),
    refuse('1.5', 'a string'),
    refuse(5n, 'a bigint'),
    refuse(false),
    refuse({}, 'an object'),
  ],
  exact: [
    refuse('', 'the empty string'),
    refuse('abc'),
    refuse('1e5'),
    refuse('NaN'),
    refuse('Infinity'),
    refuse('1,5'),
    refuse('1.2.3'),
    refuse(' 1', 'a space in front'),
    refuse('0x10'),
    refuse('.', 'a point alone'),
    refuse('-', 'a sign alone'),
    refuse(1.5, 'a number'),
    refuse(5n, 'a bigint'),
    refuse('1'.repeat(131_073), 'more digits than PostgreSQL holds'),
  ],
  price: [
    refuse('1.005', 'a digit its scale would lose'),
    refuse('10000000000', 'more digits than its precision'),
    refuse('-10000000000.00', 'more digits than its precision, negative'),
    refuse(9.99, 'a number'),
  ],
  wide: [
    refuse('0.00000000001', 'a digit its scale would lose'),
    refuse('1'.padEnd(41, '0'), 'more digits than its precision'),
  ],
  flag: [refuse(0), refuse(1), refuse('true'), refuse('t'), refuse({}, 'an object')],
  word: UNSTORABLE_TEXT,
  code: [
    refuse('123456', 'a character too many'),
    refuse('🌊🌊🌊🌊🌊🌊', 'a wave too many'),
    ...UNSTORABLE_TEXT,
  ],
  moment: [
    refuse(new Date(Number.NaN), 'an invalid Date'),
    refuse(new Date(Date.UTC(-4713, 10, 23)), 'a day before PostgreSQL begins'),
    refuse('2024-01-01T00:00:00Z', 'a string'),
    refuse(0, 'a number'),
    refuse({}, 'an object'),
  ],
  day: [
    refuse('2024-02-31'),
    refuse('2023-02-29'),
    refuse('1900-02-29'),
    refuse('2024-13-01'),
    refuse('2024-00-10'),
    refuse('2024-1-1'),
    refuse('0000-01-01'),
    refuse('10000-01-01'),
    refuse('-0044-03-15'),
    refuse('2024-01-01T00:00:00Z'),
    refuse('today'),
    refuse('infinity'),
    refuse('', 'the empty string'),
    refuse(new Date(0), 'a Date'),
    refuse(0),
  ],
  ident: [
    refuse('', 'the empty string'),
    refuse('0a1b2c3d4e5f60718293a4b5c6d7e8f9', 'no dashes'),
    refuse('{0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9}', 'braces'),
    refuse('0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8fg', 'a letter past f'),
    refuse(' 0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9', 'a space in front'),
    refuse(5),
  ],
  doc: UNSTORABLE_JSON,
  tree: UNSTORABLE_JSON,
  bytes: [
    refuse('text', 'a string'),
    refuse([1, 2], 'an array'),
    refuse(new ArrayBuffer(2), 'an ArrayBuffer'),
    refuse(new Uint16Array(2), 'a Uint16Array'),
    refuse(7),
    refuse({ type: 'Buffer', data: [1] }, 'a Buffer as JSON'),
  ],
};
