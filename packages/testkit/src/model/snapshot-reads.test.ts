import { describe, expect, test } from 'vitest';
import { EMPTY } from './model.js';
import type { ModelUnit, Outcome } from './program.js';
import { runWithSnapshotReads } from './snapshot-reads.js';

const row = (id: number) => ({ id, name: null, amount: 0 });
const insert = (id: number): ModelUnit => ({ do: 'insert', row: row(id) });
const count: ModelUnit = { do: 'count', where: { everything: true } };
const find: ModelUnit = {
  do: 'find',
  where: { everything: true },
  orderBy: 'name',
  direction: 'asc',
  limit: 5,
};

function outcomesOf(...units: ModelUnit[]): readonly Outcome[][] {
  return [...runWithSnapshotReads(EMPTY, units)].map(({ outcomes }) => [...outcomes]);
}

describe('reads beside writers', () => {
  test('see each state between two commits, in either order', () => {
    const seen = outcomesOf(insert(1), insert(2), find).map(([, , found]) => found);
    for (const rows of [[], [row(1)], [row(2)], [row(1), row(2)]])
      expect(seen).toContainEqual({ value: rows });
  });

  test('may fall between writers whose serial order is the other one', () => {
    const writer: ModelUnit = {
      do: 'write',
      actions: [
        { do: 'insert', row: row(2) },
        { do: 'count', where: { everything: true } },
      ],
      fails: false,
    };
    // The writer counted only its own row, so it is first in the serial order. The read saw the other insert, but not this writer.
    expect(outcomesOf(insert(1), writer, find)).toContainEqual([
      { value: row(1) },
      { value: [{ value: row(2) }, { value: 1 }] },
      { value: [row(1)] },
    ]);
  });

  test('agree on one order of commits', () => {
    const seen = outcomesOf(insert(1), insert(2), find, find).map(([, , ...found]) => found);
    expect(seen).not.toContainEqual([{ value: [row(1)] }, { value: [row(2)] }]);
    expect(seen).toContainEqual([{ value: [row(1)] }, { value: [row(1), row(2)] }]);
  });

  test('writers among themselves are serializable', () => {
    const countAndInsert = (id: number): ModelUnit => ({
      do: 'write',
      actions: [
        { do: 'count', where: { everything: true } },
        { do: 'insert', row: row(id) },
      ],
      fails: false,
    });
    const counts = outcomesOf(countAndInsert(1), countAndInsert(2), count).map((outcomes) =>
      outcomes.slice(0, 2).map((outcome) => JSON.stringify(outcome).includes('{"value":0}')),
    );
    expect(counts).not.toContainEqual([true, true]);
    expect(counts).not.toContainEqual([false, false]);
  });
});
