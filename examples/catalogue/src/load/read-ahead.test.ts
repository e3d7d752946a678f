import { describe, expect, it } from 'vitest';
import { readAhead } from './read-ahead.js';

describe('readAhead', () => {
  it('yields every result in order, however long each takes', async () => {
    const turns = [3, 0, 2, 1, 0];
    const results = readAhead(items(turns.length), 3, async (index) => {
      for (let turn = 0; turn < (turns[index] ?? 0); turn += 1) await Promise.resolve();
      return index;
    });
    const seen: number[] = [];
    for await (const result of results) seen.push(result);
    expect(seen).toEqual([0, 1, 2, 3, 4]);
  });

  it('begins no more than its depth before the consumer has come so far', async () => {
    let begun = 0;
    const results = readAhead(items(100), 3, async (index) => {
      begun += 1;
      return index;
    });
    await results.next();
    expect(begun).toBe(4);
    await results.return(undefined);
    expect(begun).toBe(4);
  });

  it('rejects where the failed item would have come', async () => {
    const results = readAhead(items(3), 3, async (index) => {
      if (index === 1) throw new Error('second');
      return index;
    });
    expect((await results.next()).value).toBe(0);
    await expect(results.next()).rejects.toThrow('second');
  });
});

async function* items(count: number): AsyncGenerator<number> {
  for (let index = 0; index < count; index += 1) yield index;
}
