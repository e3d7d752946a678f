import { describe, expect, it } from 'vitest';
import { ValueError } from '../errors/data-errors.js';
import { inexactNumber } from './exact-json.js';
import { parseExactJson } from './parse-exact-json.js';

const HELD: readonly string[] = [
  '0',
  '-0',
  '-0.0e9999',
  '9007199254740991',
  '9007199254740992',
  '10000000000000000000000',
  '1e308',
  '1.7976931348623157e+308',
  '5e-324',
  '0.30000000000000004',
  '0.1000000000000000000000000',
  '100000.000000000000000000',
  '1E2',
  '{"12345678901234567": "12345678901234567890 1e999", "a\\"1e999": "\\\\", "b": 1}',
  '"1e999"',
  'null',
];

const ROUNDED: readonly (readonly [string, string])[] = [
  ['9007199254740993', '$'],
  ['-12345678901234567890', '$'],
  ['1e309', '$'],
  ['-1E+400', '$'],
  ['1e-400', '$'],
  ['2e-324', '$'],
  ['0.1234567890123456789', '$'],
  ['1234567.8901234567891', '$'],
  ['{"a": [1, {"b c": 9007199254740993}]}', '$.a[1]."b c"'],
  ['[[], {}, {"x": 1, "y": 2}, [0, 1e999]]', '$[3][1]'],
  ['{"a": {"z": "1e999"}, "\\u00fc": 1e999}', '$."ü"'],
  ['{"a" : "b" , "c"\n:\t1e999}', '$.c'],
];

describe('exact JSON', () => {
  it.each(HELD)('C1 takes %s, which JavaScript holds', (text) => {
    expect(inexactNumber(text)).toBeUndefined();
    expect(parseExactJson(text, 'doc')).toStrictEqual(JSON.parse(text));
  });

  it.each(ROUNDED)('C1 refuses %s, which JavaScript would round, and names %s', (text, path) => {
    expect(inexactNumber(text)).toBe(path);
    expect(() => parseExactJson(text, 'doc')).toThrow(ValueError);
    expect(() => parseExactJson(text, 'doc')).toThrow(expect.objectContaining({ column: 'doc' }));
  });

  it('takes every double as JavaScript writes it', () => {
    const bits = new DataView(new ArrayBuffer(8));
    for (let seed = 1; seed < 5_000; seed += 1) {
      bits.setUint32(0, Math.imul(seed, 2_654_435_761));
      bits.setUint32(4, Math.imul(seed, 40_503));
      const text = JSON.stringify({ a: [bits.getFloat64(0)] });
      if (inexactNumber(text) !== undefined) expect.fail(text);
    }
  });

  it('takes no longer for a long number, a long string and deep nesting', () => {
    expect(inexactNumber(`${'1'.repeat(100_000)}${'0'.repeat(100_000)}1`)).toBe('$');
    expect(inexactNumber(`1${'0'.repeat(100_000)}.${'0'.repeat(100_000)}1`)).toBe('$');
    expect(inexactNumber(JSON.stringify('\\"1e9 '.repeat(100_000)))).toBeUndefined();
    expect(inexactNumber(`${'['.repeat(5_000)}1e999${']'.repeat(5_000)}`)).toBe(`$${'[0]'.repeat(5_000)}`);
  });
});
