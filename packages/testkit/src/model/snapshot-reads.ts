import { type ModelState, permutations, runUnit, runUnits } from './model.js';
import type { ModelUnit, Outcome } from './program.js';

/**
 * Runs concurrent units and returns the results that are permitted if writers run concurrently and a single read is a snapshot that
 * conflicts with no writer (contract C3). A read sees the commits so far. Two writers may commit in an order that differs from the serial
 * order that explains them, and a read may then see a state between them that no serial order contains. The writers themselves are
 * serializable, and all reads see the same order of commits.
 */
export function* runWithSnapshotReads(
  state: ModelState,
  units: readonly ModelUnit[],
): Generator<{ readonly state: ModelState; readonly outcomes: readonly Outcome[] }> {
  const indexes = units.map((_, index) => index);
  const readers = indexes.filter((index) => isRead(units[index]));
  const writers = indexes.filter((index) => !isRead(units[index]));
  for (const serialOrder of permutations(writers)) {
    const written = runUnits(state, units, serialOrder);
    for (const commitOrder of permutations(writers)) {
      const snapshots = [0, ...commitOrder.map((_, index) => index + 1)].map((length) => {
        const committed = new Set(commitOrder.slice(0, length));
        const order = serialOrder.filter((index) => committed.has(index));
        return runUnits(state, units, order).state;
      });
      for (const seen of choices(snapshots, readers.length)) {
        const outcomes = [...written.outcomes];
        for (const [at, index] of readers.entries()) {
          const [unit, snapshot] = [units[index], seen[at]];
          if (unit !== undefined && snapshot !== undefined) outcomes[index] = runUnit(snapshot, unit).outcome;
        }
        yield { state: written.state, outcomes };
      }
    }
  }
}

function isRead(unit: ModelUnit | undefined): boolean {
  return unit?.do === 'get' || unit?.do === 'count' || unit?.do === 'find';
}

/** Returns every choice of `count` items, with repetition. */
function choices<T>(items: readonly T[], count: number): readonly (readonly T[])[] {
  if (count === 0) return [[]];
  return choices(items, count - 1).flatMap((chosen) => items.map((item) => [...chosen, item]));
}
