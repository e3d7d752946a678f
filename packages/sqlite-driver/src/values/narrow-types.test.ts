import { VALUE_TYPE_NAMES } from '@sluice/core';
import { expect, test } from 'vitest';
import { declaredType } from './column-types.js';
import { mayHoldBigint } from './narrow-types.js';

test.each(VALUE_TYPE_NAMES)('a column declared for %s holds bigints only if that is its type', (name) => {
  const type = name === 'numeric' ? { name, precision: 10, scale: 2 } : { name };
  expect(mayHoldBigint(declaredType(type))).toBe(name === 'bigint');
});

test.each([null, 'int8', 'INTEGERS', 'whatever', ''])('%j may hold bigints', (declared) => {
  expect(mayHoldBigint(declared)).toBe(true);
});
