import type { History } from './history.js';

/** Who depends on whom: `ww` overwrote, `wr` read what was written, `rw` overwrote what was read. */
export type Dependency = 'rw' | 'wr' | 'ww';

/** An edge between two transactions, by their places in the history. */
export interface Edge {
  readonly from: number;
  readonly to: number;
  readonly kind: Dependency;
}

/** The dependencies among the transactions that are or may be committed. */
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

/** The transaction that appended each element. */
export function writersOf(history: History): ReadonlyMap<number, number> {
  const writers = new Map<number, number>();
  history.forEach(({ operations }, index) => {
    for (const operation of operations)
      if (operation.kind === 'append') writers.set(operation.element, index);
  });
  return writers;
}
