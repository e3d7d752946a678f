import { describe, expect, it } from 'vitest';
import { FetchSize } from './fetches.js';

const rowsOf = (count: number, length: number) => ({
  rows: Array.from({ length: count }, () => ({ sizeBytes: length })),
});

describe('FetchSize', () => {
  it('grows while rows are narrow, up to a bound', () => {
    const size = new FetchSize(100, false);
    const sizes = Array.from({ length: 4 }, () => {
      size.learn(rowsOf(100, 10));
      return size.value;
    });
    expect(sizes).toEqual([400, 1600, 5000, 5000]);
  });

  it('shrinks to a single row where rows are wide', () => {
    const size = new FetchSize(100, false);
    size.learn(rowsOf(100, 1_000_000));
    expect(size.value).toBe(1);
  });

  it('stays where it is asked to', () => {
    const size = new FetchSize(100, true);
    size.learn(rowsOf(100, 10));
    expect(size.value).toBe(100);
  });
});
