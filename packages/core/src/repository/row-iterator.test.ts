import { expect, it } from 'vitest';
import { RowIterator } from './row-iterator.js';

async function* batches(log: string[] = []): AsyncGenerator<readonly number[]> {
  try {
    yield [1, 2];
    yield [];
    yield [3];
  } finally {
    log.push('closed');
  }
}

it('gives every row once, in order', async () => {
  const rows: number[] = [];
  for await (const row of new RowIterator(batches())) rows.push(row);
  expect(rows).toEqual([1, 2, 3]);
});

it('keeps the order of calls that are not awaited', async () => {
  const rows = new RowIterator(batches());
  const calls = Array.from({ length: 5 }, () => rows.next());
  expect(await Promise.all(calls)).toEqual([
    { done: false, value: 1 },
    { done: false, value: 2 },
    { done: false, value: 3 },
    { done: true, value: undefined },
    { done: true, value: undefined },
  ]);
});

it('closes its batches when the loop is left, and gives nothing more', async () => {
  const log: string[] = [];
  const rows = new RowIterator(batches(log));
  for await (const row of rows) if (row === 1) break;
  expect(log).toEqual(['closed']);
  expect(await rows.next()).toEqual({ done: true, value: undefined });
});

it('gives the rows before an error, then the error, then nothing', async () => {
  const failing = async function* (): AsyncGenerator<readonly number[]> {
    yield [1];
    throw new Error('no more');
  };
  const rows = new RowIterator(failing());
  expect(await rows.next()).toEqual({ done: false, value: 1 });
  await expect(rows.next()).rejects.toThrow('no more');
  expect(await rows.next()).toEqual({ done: true, value: undefined });
});
