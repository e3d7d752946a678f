import { type ModelState, permutations, runUnit, runUnits } from './model.js';
import type { ModelAction, ModelUnit, Outcome } from './program.js';

/**
 * Runs concurrent units and returns the results that are permitted if unique indexes look past a transaction's snapshot (contract C3). A
 * writer may take a name that another writer releases, although its own reads place it before that release. It may also hold a name
 * temporarily before another writer takes it, although the other's reads place it later. At the end each name is held only once.
 */
export function* runWithReleasedKeys(
  state: ModelState,
  units: readonly ModelUnit[],
): Generator<{ readonly state: ModelState; readonly outcomes: readonly Outcome[] }> {
  const released = units.map((unit) => namesReleased(state, unit));
  const freeFor = units.map((unit, index) => {
    const others = released.filter((_names, other) => other !== index).flat();
    return new Set([...others, ...namesHeldTemporarily(state, unit)]);
  });
  for (const order of permutations(units.map((_, index) => index))) {
    const result = runUnits(state, units, order, freeFor);
    const names = namesOf(result.state);
    if (new Set(names).size === names.length) yield result;
  }
}

function namesReleased(state: ModelState, unit: ModelUnit): string[] {
  const kept = new Set(namesOf(runUnit(state, unit).state));
  return namesOf(state).filter((name) => !kept.has(name));
}

/** Names that no row has before the unit, and that the unit does not keep. */
function namesHeldTemporarily(state: ModelState, unit: ModelUnit): string[] {
  const names = namesIn(unit);
  const after = new Set(namesOf(runUnit({ ...state, freeNames: new Set(names) }, unit).state));
  const before = new Set(namesOf(state));
  return names.filter((name) => !before.has(name) && !after.has(name));
}

function namesIn(unit: ModelAction | ModelUnit): string[] {
  if ('actions' in unit) return unit.actions.flatMap(namesIn);
  const rows = 'rows' in unit ? unit.rows : 'row' in unit ? [unit.row] : 'patch' in unit ? [unit.patch] : [];
  return rows.flatMap(({ name }) => (typeof name === 'string' ? [name] : []));
}

function namesOf({ rows }: ModelState): string[] {
  return [...rows.values()].flatMap(({ name }) => (name === null ? [] : [name]));
}
