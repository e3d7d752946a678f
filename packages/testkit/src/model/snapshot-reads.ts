import { type ModelState, permutations, runUnit, runUnits } from './model.js';
import type { ModelUnit, Outcome } from './program.js';

/**
 * What units that run together may do where writers run at once and a single read is a snapshot that undoes no writer (contract C3). Such a read sees
 * what was committed so far, and two writers may be committed in the other order than the serial one that explains them: a state between them is one
 * that only the read can tell from a serial order. Writers among themselves are serializable, and all reads see the same order of commits.
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

/** Every way to choose `count` of the items, the same one again and again too. */
function choices<T>(items: readonly T[], count: number): readonly (readonly T[])[] {
  if (count === 0) return [[]];
  return choices(items, count - 1).flatMap((chosen) => items.map((item) => [...chosen, item]));
}
