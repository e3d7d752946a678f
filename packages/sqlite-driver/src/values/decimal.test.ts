import { expect, test } from 'vitest';
import {
  addDecimals,
  compareDecimals,
  type Decimal,
  divideDecimals,
  formatDecimal,
  parseDecimal,
} from './decimal.js';
import { numericKey } from './numeric-key.js';

function decimal(text: string): Decimal {
  const parsed = parseDecimal(text);
  if (parsed === undefined) throw new Error(`${text} is no decimal`);
  return parsed;
}

test.each(['0', '-1', '0.00', '-0.05', '12345678901234567890.0123456789'])(
  '%s is read and written',
  (text) => {
    expect(formatDecimal(decimal(text))).toBe(text);
  },
);

test.each(['', '-', '1.', '.5', '1e5', 'x', 1.5, null])('%s is no decimal', (value) => {
  expect(parseDecimal(value)).toBeUndefined();
});

test.each([
  ['1.5', '2.25', '3.75'],
  ['0.10', '-0.1', '0.00'],
  ['-9.99', '10', '0.01'],
])('%s + %s = %s', (left, right, sum) => {
  expect(formatDecimal(addDecimals(decimal(left), decimal(right)))).toBe(sum);
});

// As PostgreSQL 18 answers `select $1::numeric / $2`.
test.each([
  ['9', 2n, '4.5000000000000000'],
  ['29.80', 2n, '14.9000000000000000'],
  ['1', 3n, '0.33333333333333333333'],
  ['2', 3n, '0.66666666666666666667'],
  ['-2', 3n, '-0.66666666666666666667'],
  ['100000000', 3n, '33333333.333333333333'],
  ['0', 7n, '0.00000000000000000000'],
])('%s / %s = %s', (dividend, divisor, quotient) => {
  expect(formatDecimal(divideDecimals(decimal(dividend), { digits: divisor, scale: 0 }))).toBe(quotient);
});

const ASCENDING = [
  '-1000',
  '-999.99',
  '-10',
  '-9.5',
  '-9',
  '-1.01',
  '-1',
  '-0.5',
  '-0.05',
  '0',
  '0.05',
  '0.5',
  '1',
  '1.01',
  '9',
  '10',
  '99.9',
  '100',
  '12345678901234567890.1',
];

test('keys sort as their numbers', () => {
  expect(
    ASCENDING.toSorted((left, right) => (String(numericKey(left)) < String(numericKey(right)) ? -1 : 1)),
  ).toStrictEqual(ASCENDING);
  expect(ASCENDING.toSorted((left, right) => compareDecimals(decimal(left), decimal(right)))).toStrictEqual(
    ASCENDING,
  );
});

test.each([
  ['1', '1.00'],
  ['0', '-0.00'],
  ['-2.50', '-2.5'],
])('%s and %s are equal by value', (left, right) => {
  expect(numericKey(left)).toBe(numericKey(right));
  expect(compareDecimals(decimal(left), decimal(right))).toBe(0);
});
