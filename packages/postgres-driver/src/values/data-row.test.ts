import { describe, expect, it } from 'vitest';
import { readFloat } from './data-row.js';

function read(text: string): number {
  return readFloat(Buffer.from(`,${text},`), 1, text.length + 1);
}

describe('readFloat', () => {
  it.each([
    '0',
    '-0',
    '7',
    '-7.5',
    '0.1',
    '250000.75',
    '0.00000000001',
    '-0.0000000000001',
    '123456789012345',
    '1234567.8901234',
    '12345678901234567',
    '0.30000000000000004',
    '9007199254740993',
    '1e-05',
    '1.7976931348623157e+308',
    '5e-324',
    'NaN',
    'Infinity',
    '-Infinity',
  ])('reads %s as Number does', (text) => {
    expect(read(text)).toBe(Number(text));
  });

  it('reads what any double is written as', () => {
    for (let seed = 1; seed < 20_000; seed += 1) {
      const value = (Math.imul(seed, 2_654_435_761) / 10 ** (seed % 14)) * (seed % 3 === 0 ? Math.PI : 1);
      expect(read(String(value))).toBe(value);
    }
  });
});
