import type { SpecimenColumn } from '../../fixture/schema/specimen.js';

/** A value at a limit of its type: the value that is written, and the value that must be read. */
export interface AcceptedValue {
  readonly what: string;
  readonly given: unknown;
  /** The value that must be read. Default: the written value. */
  readonly read?: unknown;
}

const time = (text: string): AcceptedValue => ({ what: text, given: new Date(text) });
const same = (given: unknown, what = String(given)): AcceptedValue => ({ what, given });

/** Values that every driver must store, by column of the specimen table. */
export const ACCEPTED_VALUES: Readonly<Record<SpecimenColumn, readonly AcceptedValue[]>> = {
  small: [
    same(0),
    same(-32_768),
    same(32_767),
    { what: 'a bigint in range as a number', given: 7n, read: 7 },
  ],
  whole: [same(0), same(-1), same(-2_147_483_648), same(2_147_483_647)],
  big: [
    same(0n),
    same(-1n),
    same(2n ** 53n - 1n),
    same(2n ** 53n),
    same(2n ** 53n + 1n),
    same(-(2n ** 53n) - 1n),
    same(2n ** 63n - 1n),
    same(-(2n ** 63n)),
    { what: 'a safe integer as a bigint', given: 2 ** 53 - 1, read: 2n ** 53n - 1n },
  ],
  floating: [
    same(0),
    same(-1),
    same(3),
    same(0.1 + 0.2),
    same(2 ** 53 + 2),
    same(Number.MAX_VALUE),
    same(-Number.MAX_VALUE),
    same(Number.MIN_VALUE),
    same(2.2250738585072014e-308, 'the smallest normal double'),
    same(Number.POSITIVE_INFINITY),
    same(Number.NEGATIVE_INFINITY),
    same(1e21),
  ],
  exact: [
    same('0'),
    same('-1'),
    same('0.1'),
    same('0.00000000000000000001'),
    same('12345678901234567890.12345678901234567890'),
    same('1234567890123456789012345678901234567890'),
    same('-9999999999999999999999999999999999999999'),
    same('1.500', 'zeros after the last digit'),
    { what: 'a plus sign away', given: '+5', read: '5' },
    { what: 'zeros in front away', given: '00012.5', read: '12.5' },
    { what: 'no digit before the point as 0', given: '.5', read: '0.5' },
    { what: 'minus zero as zero', given: '-0', read: '0' },
  ],
  price: [
    { what: 'a fraction padded to its scale', given: '1.5', read: '1.50' },
    { what: 'a whole number padded to its scale', given: '7', read: '7.00' },
    { what: 'superfluous zeros cut to its scale', given: '1.5000', read: '1.50' },
    same('-0.01'),
    same('9999999999.99'),
    { what: 'minus zero as zero', given: '-0.00', read: '0.00' },
  ],
  wide: [
    same('1234567890123456789012345678901234567890.1234567890'),
    same('-9999999999999999999999999999999999999999.9999999999'),
    { what: 'the smallest step', given: '0.0000000001' },
  ],
  flag: [same(true), same(false)],
  word: [
    same('', 'the empty string'),
    same(' ', 'a space'),
    same('  padded  ', 'spaces around'),
    same('𝄞 🏳️‍🌈 👩🏽‍🚀', 'four-byte UTF-8'),
    same('\uFEFF\uFFFD\uFFFF', 'a byte order mark in front, the replacement character and U+FFFF'),
    same('e\u0301 é', 'both forms of é, as given'),
    same('\u0001\u0008\t\r\n\u007F', 'control characters'),
    same("'; drop table specimen; --", 'SQL'),
    same('0123', 'a numeric-looking string'),
    same('1e5', 'a float-looking string'),
    same('null', 'the word null'),
    same('\\ % _ "', 'backslash, wildcards and quotes'),
    same('x'.repeat(1_000_000), 'a million characters'),
  ],
  code: [
    same('', 'the empty string'),
    same('12345'),
    same('🌊🌊🌊🌊🌊', 'its length in characters, not bytes'),
    same('007', 'a numeric-looking string'),
  ],
  moment: [
    time('1970-01-01T00:00:00.000Z'),
    time('1969-12-31T23:59:59.999Z'),
    time('1900-01-01T00:00:00.001Z'),
    time('0001-01-01T00:00:00.000Z'),
    time('0000-12-31T23:59:59.999Z'),
    time('-000044-03-15T12:00:00.000Z'),
    time('-004712-01-01T00:00:00.000Z'),
    time('9999-12-31T23:59:59.999Z'),
    time('+010000-01-01T00:00:00.000Z'),
    time('+012345-06-07T08:09:10.011Z'),
    { what: 'the last Date there is', given: new Date(8.64e15) },
    { what: 'a time in the gap of a daylight saving change', given: new Date('2024-03-31T02:30:00+01:00') },
    { what: 'both hours of an autumn change', given: new Date('2024-10-27T02:30:00+02:00') },
    time('2024-06-30T23:59:59.999Z'),
  ],
  day: [
    same('1970-01-01'),
    same('1969-12-31'),
    same('0001-01-01'),
    same('9999-12-31'),
    same('2024-02-29'),
    same('2000-02-29'),
    same('1582-10-10'),
    same('2024-03-31'),
  ],
  ident: [
    same('00000000-0000-0000-0000-000000000000'),
    same('ffffffff-ffff-ffff-ffff-ffffffffffff'),
    {
      what: 'upper case as lower case',
      given: '0A1B2C3D-4E5F-6071-8293-A4B5C6D7E8F9',
      read: '0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9',
    },
  ],
  doc: jsonValues(),
  tree: jsonValues(),
  bytes: [
    same(new Uint8Array(0), 'no bytes'),
    same(new Uint8Array([0]), 'one byte'),
    same(
      Uint8Array.from({ length: 256 }, (_, byte) => byte),
      'every byte',
    ),
    {
      what: 'a Buffer as a Uint8Array',
      given: Buffer.from([1, 2, 3]),
      read: new Uint8Array([1, 2, 3]),
    },
    {
      what: 'a view into a larger buffer',
      given: new Uint8Array([9, 1, 2, 9]).subarray(1, 3),
      read: new Uint8Array([1, 2]),
    },
    same(new TextEncoder().encode('\\x00 text'), 'bytes that look like an escape'),
  ],
};

function jsonValues(): AcceptedValue[] {
  return [
    same({}, 'an empty object'),
    same([], 'an empty array'),
    same('text', 'a string'),
    same('', 'an empty string'),
    same('42', 'a numeric-looking string'),
    same('null', 'the string null'),
    same(42, 'a number'),
    same(0, 'zero'),
    same(1.5e300, 'a large number'),
    same(2 ** 53 - 1, 'the largest safe integer'),
    same(0.1, 'a fraction'),
    same(true, 'true'),
    same(false, 'false'),
    same([null, [null]], 'nulls inside'),
    same({ a: { b: [{ c: '001' }, '1.0', 1, null, true] } }, 'nested values with numeric-looking strings'),
    same({ '': 1, ' ': 2, 'ü🌊"\\': 3 }, 'unusual keys'),
    same({ z: 1, a: 2 }, 'keys in any order'),
    same(JSON.parse('{"__proto__": {"x": 1}, "constructor": 2}'), 'keys named like a prototype'),
    same('line\nbreak \u2028 "quoted" 🌊', 'escapes'),
    same(
      Array.from({ length: 10_000 }, (_, index) => index),
      'ten thousand elements',
    ),
  ];
}
