import type { Dependency, Edge } from './dependency-graph.js';

/** A cycle of edges: each edge ends where the next one begins, and the last one ends where the first begins. */
export type Cycle = readonly Edge[];

/** For each edge of kind `closing`, finds the shortest path along edges of the kinds `others` from its end back to its beginning. */
export function findCycle(
  edges: readonly Edge[],
  closing: Dependency,
  others: readonly Dependency[],
): Cycle | undefined {
  const outgoing = Map.groupBy(
    edges.filter(({ kind }) => others.includes(kind)),
    ({ from }) => from,
  );
  for (const edge of edges) {
    if (edge.kind !== closing) continue;
    const way = shortestWay(outgoing, edge.to, edge.from);
    if (way !== undefined) return [edge, ...way];
  }
  return undefined;
}

function shortestWay(
  outgoing: ReadonlyMap<number, readonly Edge[]>,
  start: number,
  goal: number,
): Cycle | undefined {
  const reachedBy = new Map<number, Edge | undefined>([[start, undefined]]);
  const queue = [start];
  for (const node of queue) {
    if (node === goal) return wayTo(reachedBy, goal);
    for (const edge of outgoing.get(node) ?? []) {
      if (reachedBy.has(edge.to)) continue;
      reachedBy.set(edge.to, edge);
      queue.push(edge.to);
    }
  }
  return undefined;
}

function wayTo(reachedBy: ReadonlyMap<number, Edge | undefined>, goal: number): Cycle {
  const way: Edge[] = [];
  for (let edge = reachedBy.get(goal); edge !== undefined; edge = reachedBy.get(edge.from)) way.unshift(edge);
  return way;
}
