import { describe, expect, test } from 'vitest';
import { StatementCache } from './statement-cache.js';

function filled(count: number, length: number): StatementCache<number> {
  const cache = new StatementCache<number>();
  for (let index = 0; index < count; index += 1) cache.add(textOf(index, length), index);
  return cache;
}

function textOf(index: number, length: number): string {
  return `${index}`.padEnd(length);
}

describe('the cache of prepared statements', () => {
  test('keeps the 500 used last', () => {
    const cache = filled(500, 10);
    expect(cache.get(textOf(0, 10))).toBe(0);
    cache.add('one more', 500);
    expect([cache.get(textOf(0, 10)), cache.get(textOf(1, 10)), cache.get('one more')]).toEqual([
      0,
      undefined,
      500,
    ]);
  });

  test('keeps fewer when their texts are long, and none that is too long alone', () => {
    const cache = filled(20, 1_000_000);
    const kept = Array.from({ length: 20 }, (_, index) => cache.get(textOf(index, 1_000_000)));
    expect(kept.filter((statement) => statement !== undefined)).toEqual([16, 17, 18, 19]);
    cache.add(textOf(0, 10_000_000), 20);
    expect(cache.get(textOf(0, 10_000_000))).toBeUndefined();
  });

  test('is worn by what was removed, not by what it holds', () => {
    expect(filled(500, 400).isWorn).toBe(false);
    expect(filled(2000, 400).isWorn).toBe(true);
    const cleared = filled(500, 400);
    for (let round = 0; round < 3; round += 1) {
      cleared.clear();
      for (let index = 0; index < 500; index += 1) cleared.add(textOf(index, 400), index);
    }
    expect(cleared.isWorn).toBe(true);
    cleared.resetWear();
    expect(cleared.isWorn).toBe(false);
  });
});
