import { expect, test } from 'vitest';
import { beginOf, partOf } from './time-functions.js';

const at = (text: string): number => Date.parse(text);

test('a bucket begins at or before its time, and its own begin is itself', () => {
  const times = [
    0,
    -1,
    1,
    at('0001-01-01'),
    at('-000001-12-31T23:59:59.999Z'),
    at('+275760-09-13'),
    1e12 + 7,
  ];
  for (const unit of ['second', 'minute', 'hour', 'day', 'week', 'month', 'quarter', 'year'] as const) {
    for (const time of times) {
      const begin = beginOf(unit, time);
      expect(begin).toBeLessThanOrEqual(time);
      expect(beginOf(unit, begin)).toBe(begin);
    }
  }
});

test('there is no year 0, and a week begins on Monday', () => {
  expect(partOf('year', at('0000-06-01'))).toBe(-1);
  expect(partOf('year', at('-000001-06-01'))).toBe(-2);
  expect(partOf('year', at('0001-06-01'))).toBe(1);
  expect(partOf('dayOfWeek', at('2024-03-31'))).toBe(7);
  expect(beginOf('week', at('2024-04-01T00:00:00Z'))).toBe(at('2024-04-01'));
  expect(beginOf('week', at('2024-03-31T23:59:59.999Z'))).toBe(at('2024-03-25'));
});
