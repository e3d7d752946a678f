import { type ModelState, permutations, runUnit, runUnits } from './model.js';
import type { ModelAction, ModelUnit, Outcome } from './program.js';

/**
 * What units that run together may do where unique indexes look past a transaction's snapshot (contract C3): a writer may take a name that another
 * one gives up, although by its own reads it comes before it, and may hold one for a while before another one takes it, although by the other's
 * reads it comes after it. Once all are done, every name is held once.
 */
export function* runWithGivenUpKeys(
  state: ModelState,
  units: readonly ModelUnit[],
): Generator<{ readonly state: ModelState; readonly outcomes: readonly Outcome[] }> {
  const givenUp = units.map((unit) => namesGivenUp(state, unit));
  const freeFor = units.map((unit, index) => {
    const others = givenUp.filter((_names, other) => other !== index).flat();
    return new Set([...others, ...namesHeldForAWhile(state, unit)]);
  });
  for (const order of permutations(units.map((_, index) => index))) {
    const result = runUnits(state, units, order, freeFor);
    const names = namesOf(result.state);
    if (new Set(names).size === names.length) yield result;
  }
}

function namesGivenUp(state: ModelState, unit: ModelUnit): string[] {
  const kept = new Set(namesOf(runUnit(state, unit).state));
  return namesOf(state).filter((name) => !kept.has(name));
}

/** Names that are nobody's before the unit, and not its own after it. */
function namesHeldForAWhile(state: ModelState, unit: ModelUnit): string[] {
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
