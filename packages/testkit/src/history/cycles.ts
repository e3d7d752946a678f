import type { Dependency, Edge } from './dependency-graph.js';

/** A cycle: each edge leads to where the next begins, the last to where the first does. */
export type Cycle = readonly Edge[];

/** Finds, for each edge of `closing`, the shortest way back along `others`. */
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
