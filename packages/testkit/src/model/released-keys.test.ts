import { expect, test } from 'vitest';
import type { ModelState } from './model.js';
import type { ModelUnit } from './program.js';
import { runWithReleasedKeys } from './released-keys.js';

const row = (id: number, name: string | null) => ({ id, name, amount: 0 });
const state: ModelState = {
  version: 1,
  rows: new Map([2, 3].map((id) => [id, row(id, id === 3 ? 'A' : null)])),
};
const writer: ModelUnit = {
  do: 'write',
  actions: [
    { do: 'update', id: 2, patch: { name: 'A' } },
    { do: 'get', id: 3 },
    { do: 'update', id: 2, patch: { name: null } },
  ],
  fails: false,
};
const TAKEN = {
  value: [{ value: row(2, 'A') }, { value: row(3, 'A') }, { value: row(2, null) }],
};

function outcomesOf(...units: ModelUnit[]) {
  return [...runWithReleasedKeys(state, units)].map(({ outcomes }) => outcomes[0]);
}

test('a writer may take a name that another one releases, although it still sees the old holder', () => {
  const giver: ModelUnit = { do: 'update', id: 3, patch: { name: null } };
  expect(outcomesOf(writer, giver)).toContainEqual(TAKEN);
});

test('a name that no unit releases is taken', () => {
  const other: ModelUnit = { do: 'update', id: 3, patch: { amount: 1 } };
  expect(outcomesOf(writer, other)).not.toContainEqual(TAKEN);
  expect(outcomesOf(writer, other)).toContainEqual({ code: 'unique_violation' });
});

test('a name that the writer itself releases is not free for it', () => {
  const both: ModelUnit = {
    do: 'write',
    actions: [
      { do: 'update', id: 2, patch: { name: 'A' } },
      { do: 'update', id: 3, patch: { name: null } },
    ],
    fails: false,
  };
  expect(outcomesOf(both, { do: 'get', id: 1 })).toStrictEqual([
    { code: 'unique_violation' },
    { code: 'unique_violation' },
  ]);
});

test('a writer may have held a name for a while that another one took then, although that one saw nothing of it', () => {
  const holder: ModelUnit = {
    do: 'write',
    actions: [
      { do: 'upsert', row: row(4, 'B') },
      { do: 'upsert', row: row(4, 'C') },
    ],
    fails: false,
  };
  const taker: ModelUnit = {
    do: 'write',
    actions: [
      { do: 'get', id: 4 },
      { do: 'insert', row: row(5, 'B') },
    ],
    fails: false,
  };
  const both = [...runWithReleasedKeys(state, [holder, taker])].map(({ outcomes }) => outcomes);
  expect(both).toContainEqual([
    { value: [{ value: row(4, 'B') }, { value: row(4, 'C') }] },
    { value: [{ value: undefined }, { value: row(5, 'B') }] },
  ]);
});
