import { describe, expect, test } from 'vitest';
import { checkHistory } from './check-history.js';
import type { History, Operation, RecordedTransaction } from './history.js';

const read = (key: number, ...list: number[]): Operation => ({ kind: 'read', key, list });
const append = (key: number, element: number): Operation => ({ kind: 'append', key, element });
const committed = (...operations: Operation[]): RecordedTransaction => ({ outcome: 'committed', operations });
const aborted = (...operations: Operation[]): RecordedTransaction => ({ outcome: 'aborted', operations });
const kindsOf = (history: History): readonly string[] => checkHistory(history).map(({ kind }) => kind);

describe('a history is accepted', () => {
  test('when it is empty, and when it is serial', () => {
    expect(kindsOf([])).toEqual([]);
    expect(
      kindsOf([committed(append(1, 1)), committed(read(1, 1), append(1, 2)), committed(read(1, 1, 2))]),
    ).toEqual([]);
  });

  test('when an aborted transaction left nothing behind', () => {
    expect(kindsOf([aborted(append(1, 1)), committed(append(1, 2)), committed(read(1, 2))])).toEqual([]);
  });

  test('when a transaction of unknown outcome is seen, and when it is not', () => {
    const unknown: RecordedTransaction = { outcome: 'unknown', operations: [append(1, 1)] };
    expect(kindsOf([unknown, committed(read(1, 1))])).toEqual([]);
    expect(kindsOf([unknown, committed(read(1))])).toEqual([]);
  });
});

const BAD: readonly (readonly [string, string, History])[] = [
  [
    'G0',
    'writes of two transactions cross',
    [
      committed(append(1, 1), append(2, 2)),
      committed(append(1, 3), append(2, 4)),
      committed(read(1, 1, 3), read(2, 4, 2)),
    ],
  ],
  ['G1a', 'what was rolled back is read', [aborted(append(1, 1)), committed(read(1, 1))]],
  [
    'G1b',
    'a state inside of a transaction is read',
    [committed(append(1, 1), append(1, 2)), committed(read(1, 1)), committed(read(1, 1, 2))],
  ],
  [
    'G1c',
    'two transactions read each other',
    [committed(append(1, 1), read(2, 2)), committed(append(2, 2), read(1, 1))],
  ],
  [
    'G-single',
    'one list is read from before a transaction, another from after it',
    [
      committed(append(1, 1), append(2, 2)),
      committed(read(1), read(2, 2)),
      committed(read(1, 1), read(2, 2)),
    ],
  ],
  [
    'G-single',
    'an update is lost',
    [committed(read(1), append(1, 1)), committed(read(1), append(1, 2)), committed(read(1, 1, 2))],
  ],
  [
    'G2',
    'each reads what the other is about to write',
    [committed(read(1), append(2, 1)), committed(read(2), append(1, 2)), committed(read(1, 2), read(2, 1))],
  ],
  [
    'disagreement',
    'two reads differ in their order',
    [committed(append(1, 1)), committed(append(1, 2)), committed(read(1, 1, 2)), committed(read(1, 2))],
  ],
  ['duplicate', 'an append happened twice', [committed(append(1, 1)), committed(read(1, 1, 1))]],
  [
    'lost append',
    'an acknowledged append is gone',
    [committed(append(1, 1)), committed(append(1, 2)), committed(read(1, 2))],
  ],
  ['unknown element', 'something is read that nobody wrote', [committed(read(1, 7))]],
  [
    'internal',
    'a transaction does not see its own append',
    [committed(append(1, 1), read(1)), committed(read(1, 1))],
  ],
];

describe('a history is refused', () => {
  for (const [kind, what, history] of BAD) {
    test(`as ${kind} when ${what}`, () => {
      expect(kindsOf(history)).toContain(kind);
    });
  }

  test('with the cycle in words', () => {
    const history = [
      committed(read(1), append(2, 1)),
      committed(read(2), append(1, 2)),
      committed(read(1, 2), read(2, 1)),
    ];
    expect(checkHistory(history)[0]?.message).toBe('G2: 0 -rw-> 1, 1 -rw-> 0.');
  });
});
