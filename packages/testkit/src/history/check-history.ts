import { type Cycle, findCycle } from './cycles.js';
import { type Dependency, findDependencies, writersOf } from './dependency-graph.js';
import type { History, Operation, Problem, ProblemKind, RecordedTransaction } from './history.js';
import { findVersionOrders } from './version-orders.js';

/**
 * Checks that a history of reads and appends is serializable: some order of its committed transactions explains every read. Each element
 * must be appended only once. Lost appends are found only if the history ends with a transaction that reads every list.
 */
export function checkHistory(history: History): readonly Problem[] {
  const { orders, problems } = findVersionOrders(history);
  const writers = writersOf(history);
  const perTransaction = history.flatMap((transaction, index) =>
    transaction.outcome === 'aborted' ? [] : checkReads(history, writers, transaction, index),
  );
  const edges = findDependencies(history, orders);
  const cycles = CYCLES.flatMap(([kind, closing, others]) => {
    const cycle = findCycle(edges, closing, others);
    return cycle === undefined ? [] : [{ kind, message: describe(kind, cycle) }];
  });
  // A cycle that is found with few kinds of edges is found again with more kinds. The first one is the most specific.
  return [...problems, ...perTransaction, ...lostAppends(history, orders), ...cycles.slice(0, 1)];
}

const CYCLES: readonly (readonly [ProblemKind, Dependency, readonly Dependency[]])[] = [
  ['G0', 'ww', ['ww']],
  ['G1c', 'wr', ['ww', 'wr']],
  ['G-single', 'rw', ['ww', 'wr']],
  ['G2', 'rw', ['ww', 'wr', 'rw']],
];

function checkReads(
  history: History,
  writers: ReadonlyMap<number, number>,
  { operations }: RecordedTransaction,
  reader: number,
): readonly Problem[] {
  const problems: Problem[] = [];
  const own = new Map<number, number[]>();
  for (const operation of operations) {
    const mine = own.get(operation.key) ?? [];
    if (operation.kind === 'append') {
      own.set(operation.key, [...mine, operation.element]);
      continue;
    }
    if (mine.some((element, index) => operation.list.at(index - mine.length) !== element))
      problems.push({
        kind: 'internal',
        message: `Transaction ${reader} did not read what it had appended to ${operation.key}.`,
      });
    for (const element of operation.list)
      problems.push(...checkElement(history, writers, reader, operation, element));
  }
  return problems;
}

function checkElement(
  history: History,
  writers: ReadonlyMap<number, number>,
  reader: number,
  { key, list }: Extract<Operation, { kind: 'read' }>,
  element: number,
): readonly Problem[] {
  const writer = writers.get(element);
  const transaction = writer === undefined ? undefined : history[writer];
  if (transaction === undefined || writer === undefined)
    return [
      {
        kind: 'unknown element',
        message: `Transaction ${reader} read ${element}, which no transaction appended.`,
      },
    ];
  if (transaction.outcome === 'aborted')
    return [
      {
        kind: 'G1a',
        message: `Transaction ${reader} read ${element} of transaction ${writer}, which was rolled back.`,
      },
    ];
  const later = transaction.operations.filter((each) => each.kind === 'append' && each.key === key).at(-1);
  const isLast = element === list.at(-1);
  if (writer !== reader && isLast && later?.kind === 'append' && later.element !== element)
    return [
      {
        kind: 'G1b',
        message: `Transaction ${reader} read ${element}, after which transaction ${writer} appended more.`,
      },
    ];
  return [];
}

/** Finds committed appends that are missing although the last transaction read their list. */
function lostAppends(history: History, orders: ReadonlyMap<number, readonly number[]>): readonly Problem[] {
  const final = history.at(-1)?.operations ?? [];
  const readAtTheEnd = new Set(
    final.flatMap((operation) => (operation.kind === 'read' ? [operation.key] : [])),
  );
  const stored = new Set([...orders.values()].flat());
  return history.flatMap(({ outcome, operations }, index) =>
    outcome !== 'committed'
      ? []
      : operations.flatMap((operation) =>
          operation.kind === 'append' && readAtTheEnd.has(operation.key) && !stored.has(operation.element)
            ? [
                {
                  kind: 'lost append' as const,
                  message: `What transaction ${index} appended to ${operation.key} is lost.`,
                },
              ]
            : [],
        ),
  );
}

function describe(kind: ProblemKind, cycle: Cycle): string {
  const steps = cycle.map(({ from, kind: edge, to }) => `${from} -${edge}-> ${to}`);
  return `${kind}: ${steps.join(', ')}.`;
}
