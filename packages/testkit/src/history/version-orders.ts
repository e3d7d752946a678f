import type { History, Problem } from './history.js';

/** The order in which the elements of each list were appended, and the reads that contradict it. */
export interface VersionOrders {
  readonly orders: ReadonlyMap<number, readonly number[]>;
  readonly problems: readonly Problem[];
}

/** Finds the order of each list: the longest read of it. Every other read must be a prefix of the longest one. */
export function findVersionOrders(history: History): VersionOrders {
  const problems: Problem[] = [];
  const orders = new Map<number, readonly number[]>();
  for (const { outcome, operations } of history) {
    if (outcome === 'aborted') continue;
    for (const operation of operations) {
      if (operation.kind === 'read' && operation.list.length > (orders.get(operation.key)?.length ?? 0))
        orders.set(operation.key, operation.list);
    }
  }
  for (const [key, order] of orders) {
    if (new Set(order).size < order.length)
      problems.push({
        kind: 'duplicate',
        message: `List ${key} holds an element twice: ${order.join(', ')}.`,
      });
  }
  for (const { outcome, operations } of history) {
    if (outcome === 'aborted') continue;
    for (const operation of operations) {
      if (operation.kind !== 'read') continue;
      const longest = orders.get(operation.key) ?? [];
      if (operation.list.some((element, index) => element !== longest[index]))
        problems.push({
          kind: 'disagreement',
          message: `List ${operation.key} was read as ${operation.list.join(', ')} and as ${longest.join(', ')}.`,
        });
    }
  }
  return { orders, problems };
}
