import type { History } from './history.js';

/**
 * A dependency between transactions: `ww` the second overwrote a value of the first, `wr` it read that value, `rw` it overwrote a value
 * that the first had read.
 */
export type Dependency = 'rw' | 'wr' | 'ww';

/** An edge between two transactions, which are given as indexes into the history. */
export interface Edge {
  readonly from: number;
  readonly to: number;
  readonly kind: Dependency;
}

/** Finds the dependencies between all transactions that are committed or may be. */
export function findDependencies(
  history: History,
  orders: ReadonlyMap<number, readonly number[]>,
): readonly Edge[] {
  const writers = writersOf(history);
  const edges = new Map<string, Edge>();
  const add = (from: number | undefined, to: number | undefined, kind: Dependency): void => {
    if (from !== undefined && to !== undefined && from !== to)
      edges.set(`${from} ${to} ${kind}`, { from, to, kind });
  };
  for (const order of orders.values()) {
    order.forEach((element, index) => {
      if (index > 0) add(writers.get(order[index - 1] ?? -1), writers.get(element), 'ww');
    });
  }
  history.forEach(({ outcome, operations }, reader) => {
    if (outcome === 'aborted') return;
    for (const operation of operations) {
      if (operation.kind !== 'read') continue;
      const { key, list } = operation;
      const last = list.at(-1);
      if (last !== undefined) add(writers.get(last), reader, 'wr');
      const next = orders.get(key)?.[list.length];
      if (next !== undefined) add(reader, writers.get(next), 'rw');
    }
  });
  return [...edges.values()];
}

/** Maps each element to the transaction that appended it. */
export function writersOf(history: History): ReadonlyMap<number, number> {
  const writers = new Map<number, number>();
  history.forEach(({ operations }, index) => {
    for (const operation of operations)
      if (operation.kind === 'append') writers.set(operation.element, index);
  });
  return writers;
}
