import { expect, test } from 'vitest';
import { decimal } from './text-numbers.js';

test.each([
  ['9.5', '9.5'],
  [' -1.50 ', '-1.50'],
  ['.5', '0.5'],
  ['5.', '5'],
  ['1e3', '1000'],
  ['1.25E1', '12.5'],
  ['1e-3', '0.001'],
  ['1.50e1', '15.0'],
  ['+007', '7'],
  ['-0', '0'],
  ['-0.00', '0.00'],
])('the text %j is the numeric %j', (text, numeric) => {
  expect(decimal(text)).toBe(numeric);
});

test.each(['', '.', 'abc', '12a', '1e', '1 2', '--1', 'NaN', 'Infinity', '1e99999'])(
  'the text %j is no numeric',
  (text) => {
    expect(decimal(text)).toBeUndefined();
  },
);
