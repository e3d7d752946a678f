import { describe, expect, it } from 'vitest';
import { WriterLimit } from './writer-limit.js';

function record(limit: WriterLimit, outcomes: readonly boolean[], epoch = limit.epoch): void {
  for (const isConflict of outcomes) limit.record(isConflict, epoch);
}

describe('WriterLimit', () => {
  it('holds nobody back before conflicts have undone more than one in ten', () => {
    const limit = new WriterLimit(10);
    record(limit, [true, ...Array.from({ length: 15 }, () => false), true]);
    expect(limit.value).toBe(10);
    expect(limit.isOpen).toBe(true);
  });

  it('halves with each storm, down to one', () => {
    const limit = new WriterLimit(10);
    const values = Array.from({ length: 5 }, () => {
      record(limit, [false, true, true]);
      return limit.value;
    });
    expect(values).toEqual([5, 2, 1, 1, 1]);
  });

  it('is not lowered twice for writers who were let in together', () => {
    const limit = new WriterLimit(8);
    const epoch = limit.epoch;
    record(limit, [true, true, true, true, true, true], epoch);
    expect(limit.value).toBe(4);
  });

  it('lets one more in when conflicts have stopped for a while, up to where it began', async () => {
    const limit = new WriterLimit(4);
    record(limit, [true, true]);
    expect(limit.value).toBe(2);
    const until = performance.now() + 10_000;
    while (!limit.isOpen && performance.now() < until) {
      record(
        limit,
        Array.from({ length: 16 }, () => false),
      );
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(limit.value).toBe(4);
  });
});
