import type {
  ModelAction,
  ModelCall,
  ModelCondition,
  ModelRow,
  ModelStep,
  ModelUnit,
  Outcome,
} from './program.js';

/** The content of a database in the model: rows by id, and the number of applied migrations. */
export interface ModelState {
  readonly version: 1 | 2;
  readonly rows: ReadonlyMap<number, ModelRow>;
  /** Names that may occur twice for the moment. Default: none. */
  readonly freeNames?: ReadonlySet<string> | undefined;
}

/** The state of a new database. */
export const EMPTY: ModelState = { version: 1, rows: new Map() };

/** The result of a step: the next state and its outcome. */
export interface Result {
  readonly state: ModelState;
  readonly outcome: Outcome;
}

/** Returns all permitted results of a step. There is more than one only for concurrent units. */
export function run(
  state: ModelState,
  step: ModelStep,
): readonly (Result & { readonly outcomes: readonly Outcome[] })[] {
  switch (step.do) {
    case 'together':
      return runTogether(state, step.units);
    case 'migrate':
      return [{ state: migrate(state, step.to), outcome: DONE, outcomes: [DONE] }];
    case 'restart':
      return [{ state, outcome: DONE, outcomes: [DONE] }];
    default: {
      const result = runUnit(state, step);
      return [{ ...result, outcomes: [result.outcome] }];
    }
  }
}

const DONE: Outcome = { value: 'done' };
const UNDONE: Outcome = { code: 'undone' };
const DUPLICATE: Outcome = { code: 'unique_violation' };

function runTogether(
  state: ModelState,
  units: readonly ModelUnit[],
): readonly (Result & { readonly outcomes: readonly Outcome[] })[] {
  const indexes = units.map((_, index) => index);
  return permutations(indexes).map((order) => ({ ...runUnits(state, units, order), outcome: DONE }));
}

/**
 * Runs the units with the given indexes, one after the other. `freeFor` contains, for each unit, the names that it may take although
 * another row has them.
 */
export function runUnits(
  state: ModelState,
  units: readonly ModelUnit[],
  order: readonly number[],
  freeFor: readonly ReadonlySet<string>[] = [],
): { readonly state: ModelState; readonly outcomes: readonly Outcome[] } {
  const outcomes: Outcome[] = [];
  let { rows } = state;
  for (const index of order) {
    const unit = units[index];
    if (unit === undefined) continue;
    const result = runUnit({ ...state, rows, freeNames: freeFor[index] }, unit);
    rows = result.state.rows;
    outcomes[index] = result.outcome;
  }
  return { state: { ...state, rows }, outcomes };
}

/** Returns all permutations of the items. */
export function permutations(items: readonly number[]): readonly (readonly number[])[] {
  if (items.length <= 1) return [items];
  return items.flatMap((item) =>
    permutations(items.filter((other) => other !== item)).map((rest) => [item, ...rest]),
  );
}

/** Runs a unit alone. */
export function runUnit(state: ModelState, unit: ModelUnit): Result {
  if (unit.do !== 'write') return runCall(state, unit);
  const result = runActions(state, unit.actions);
  if ('code' in result.outcome) return { state, outcome: result.outcome };
  return unit.fails ? { state, outcome: UNDONE } : result;
}

/** Runs actions until one is refused. */
function runActions(state: ModelState, actions: readonly ModelAction[]): Result {
  const values: unknown[] = [];
  let current = state;
  for (const action of actions) {
    if (action.do === 'savepoint') {
      const result = runActions(current, action.actions);
      const isKept = 'value' in result.outcome && !action.fails;
      if (isKept) current = result.state;
      values.push('value' in result.outcome && action.fails ? UNDONE : result.outcome);
      continue;
    }
    const result = runCall(current, action);
    if ('code' in result.outcome) return { state, outcome: result.outcome };
    current = result.state;
    values.push(result.outcome);
  }
  return { state: current, outcome: { value: values } };
}

function runCall(state: ModelState, call: ModelCall): Result {
  const rows = [...state.rows.values()];
  const keep = (outcome: Outcome): Result => ({ state, outcome });
  const store = (changed: readonly ModelRow[], value: unknown): Result => {
    const isGuarded = (name: string): boolean => state.freeNames?.has(name) !== true;
    const names = changed.flatMap(({ name }) => (name !== null && isGuarded(name) ? [name] : []));
    if (new Set(names).size < names.length) return keep(DUPLICATE);
    return { state: { ...state, rows: new Map(changed.map((row) => [row.id, row])) }, outcome: { value } };
  };
  const complete = (row: ModelRow): ModelRow => (state.version === 2 ? { tag: 'new', ...row } : row);
  switch (call.do) {
    case 'get':
      return keep({ value: state.rows.get(call.id) });
    case 'count':
      return keep({ value: rows.filter(matches(call.where)).length });
    case 'find':
      return keep({
        value: rows
          .filter(matches(call.where))
          .sort(comparing(call.orderBy, call.direction))
          .slice(0, call.limit),
      });
    case 'insert':
      return state.rows.has(call.row.id)
        ? keep(DUPLICATE)
        : store([...rows, complete(call.row)], complete(call.row));
    case 'insertMany': {
      const ids = [...state.rows.keys(), ...call.rows.map(({ id }) => id)];
      if (new Set(ids).size < ids.length) return keep(DUPLICATE);
      return store([...rows, ...call.rows.map(complete)], call.rows.length);
    }
    case 'upsert': {
      const merged = { ...(state.rows.get(call.row.id) ?? complete(call.row)), ...call.row };
      return store([...rows.filter(({ id }) => id !== call.row.id), merged], merged);
    }
    case 'update': {
      const old = state.rows.get(call.id);
      if (old === undefined) return keep({ value: undefined });
      const changed = { ...old, ...call.patch };
      return store(
        rows.map((row) => (row.id === call.id ? changed : row)),
        changed,
      );
    }
    case 'updateMany': {
      const { amount } = call;
      return store(
        rows.map((row) => (matches(call.where)(row) ? { ...row, amount } : row)),
        rows.filter(matches(call.where)).length,
      );
    }
    case 'delete':
      return store(
        rows.filter(({ id }) => id !== call.id),
        state.rows.has(call.id),
      );
    case 'deleteMany':
      return store(
        rows.filter((row) => !matches(call.where)(row)),
        rows.filter(matches(call.where)).length,
      );
  }
}

function migrate(state: ModelState, to: 1 | 2): ModelState {
  if (to === state.version) return state;
  const change = (row: ModelRow): ModelRow => {
    const { tag: _, ...rest } = row;
    return to === 2 ? { ...rest, tag: 'new' } : rest;
  };
  return { version: to, rows: new Map([...state.rows].map(([id, row]) => [id, change(row)])) };
}

/** A comparison with NULL is never true, as in SQL. */
function matches(where: ModelCondition): (row: ModelRow) => boolean {
  if ('amountAtLeast' in where) return ({ amount }) => amount !== null && amount >= where.amountAtLeast;
  if ('nameIsNull' in where) return ({ name }) => (name === null) === where.nameIsNull;
  if ('nameStartsWith' in where) return ({ name }) => name?.startsWith(where.nameStartsWith) === true;
  return () => true;
}

/** NULL sorts as if larger than every value. Equal rows are sorted by id. */
function comparing(
  column: 'amount' | 'name',
  direction: 'asc' | 'desc',
): (a: ModelRow, b: ModelRow) => number {
  const sign = direction === 'asc' ? 1 : -1;
  return (a, b) => sign * compareValues(a[column], b[column]) || a.id - b.id;
}

function compareValues(a: number | string | null, b: number | string | null): number {
  if (a === null || b === null) return Number(a === null) - Number(b === null);
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  // By code point, as UTF-8 bytes sort. JavaScript compares UTF-16 units instead.
  return Buffer.compare(Buffer.from(String(a)), Buffer.from(String(b)));
}
