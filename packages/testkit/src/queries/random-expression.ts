import type { ColumnOf, RandomExpression } from './expression.js';
import { AGGREGATES, OPERATIONS, type Operation, randomChoice } from './operations.js';
import type { Random } from './random.js';
import { QUERY_TYPES, type QueryType, type RandomTable, randomValue } from './tables.js';

/** What an expression may be made of at a place in a query. */
export interface Place {
  readonly columns: readonly ColumnOf[];
  /** Tables for sub-queries. */
  readonly tables: readonly RandomTable[];
  /** Expressions that stand for columns, in a query with groups. */
  readonly groups?: readonly RandomExpression[];
  /** Whether values of the caller may occur. Not in GROUP BY, where PostgreSQL takes two equal parameters for two expressions. */
  readonly hasValues: boolean;
}

const BY_RESULT = Map.groupBy(OPERATIONS, ({ result }) => result);
const AGGREGATES_BY_RESULT = Map.groupBy(AGGREGATES, ({ result }) => result);

const LEAF = 0.3;
const MEMBER = 0.15;
const VALUE = 0.4;
const SUBQUERY = 0.08;
const CONDITION = 0.7;
const AGGREGATE = 0.7;
const ATTEMPTS = 4;

/** A random expression of a type; `undefined` when the place has nothing to make one of. */
export function randomExpression(
  random: Random,
  type: QueryType,
  place: Place,
  depth: number,
): RandomExpression | undefined {
  if (depth <= 0 || random.chance(LEAF)) {
    const leaf = randomLeaf(random, type, place, depth);
    if (leaf !== undefined || depth <= 0) return leaf;
  }
  if (place.groups === undefined && random.chance(SUBQUERY)) {
    const subquery =
      type === 'boolean' && random.chance(CONDITION)
        ? randomCondition(random, place, depth)
        : randomSubquery(random, type, place, depth);
    if (subquery !== undefined) return subquery;
  }
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const call = randomCall(random, BY_RESULT.get(type) ?? [], place, depth - 1);
    if (call !== undefined) return call;
  }
  return randomLeaf(random, type, place, depth);
}

/** A random expression of any type. */
export function anyExpression(random: Random, place: Place, depth: number): RandomExpression {
  for (;;) {
    const found = randomExpression(random, random.pick(QUERY_TYPES), place, depth);
    if (found !== undefined) return found;
  }
}

/** A column; in a query with groups one of the groups or an aggregate. */
function randomLeaf(
  random: Random,
  type: QueryType,
  place: Place,
  depth: number,
): RandomExpression | undefined {
  const { columns, groups } = place;
  if (groups === undefined)
    return (
      (random.chance(MEMBER) ? randomMember(random, columns, type) : undefined) ??
      pickOf(random, columns, type)
    );
  const group = pickOf(random, groups, type);
  if (group !== undefined && !random.chance(AGGREGATE)) return group;
  const { groups: _, ...rows } = place;
  return randomAggregate(random, type, rows, Math.min(depth, 1)) ?? group;
}

/** A member of a JSON column, for the types that it can have. */
function randomMember(
  random: Random,
  columns: readonly ColumnOf[],
  type: QueryType,
): RandomExpression | undefined {
  const isText = type === 'text';
  if (!isText && type !== 'json' && type !== 'jsonb') return undefined;
  const column = pickOf(random, columns, isText ? random.pick(['json', 'jsonb']) : type);
  if (column === undefined) return undefined;
  return {
    kind: 'member',
    type,
    ref: column.ref,
    operator: isText ? '->>' : '->',
    path: random.pick([['k'], ['l'], ['l', 0], ['l', 1]]),
  };
}

function randomAggregate(
  random: Random,
  type: QueryType,
  rows: Place,
  depth: number,
): RandomExpression | undefined {
  return randomCall(random, AGGREGATES_BY_RESULT.get(type) ?? [], rows, depth);
}

function randomCall(
  random: Random,
  operations: readonly Operation[],
  place: Place,
  depth: number,
): RandomExpression | undefined {
  if (operations.length === 0) return undefined;
  const operation = random.pick(operations);
  const operands: RandomExpression[] = [];
  for (const [index, type] of operation.operands.entries()) {
    const mayBeValue = place.hasValues && operation.values !== undefined && index >= operation.values;
    if (mayBeValue && random.chance(VALUE)) {
      operands.push({ kind: 'value', type, value: randomValue(random, type) });
      continue;
    }
    const operand = randomExpression(random, type, place, depth);
    if (operand === undefined) return undefined;
    operands.push(operand);
  }
  if (operands.every(({ kind }) => kind === 'value')) return undefined;
  return {
    kind: 'call',
    type: operation.result,
    operation,
    choice: randomChoice(random, operation),
    operands,
  };
}

let subqueries = 0;

function randomSubquery(
  random: Random,
  type: QueryType,
  place: Place,
  depth: number,
): RandomExpression | undefined {
  const table = random.pick(place.tables);
  subqueries = (subqueries + 1) % 1_000;
  const alias = `q${subqueries}`;
  const columns = columnsOf(alias, table.columns);
  const value = randomAggregate(random, type, { ...place, columns, hasValues: false }, 1);
  const where = randomExpression(
    random,
    'boolean',
    { ...place, columns: [...columns, ...place.columns] },
    depth - 1,
  );
  if (value === undefined || where === undefined) return undefined;
  return { kind: 'subquery', type, table: table.name, alias, operands: [value, where] };
}

/** EXISTS, or IN with a query. */
function randomCondition(random: Random, place: Place, depth: number): RandomExpression | undefined {
  const { alias, inner, table } = innerTable(random, place);
  const where = randomExpression(random, 'boolean', inner, depth - 1);
  if (where === undefined) return undefined;
  if (random.chance(0.4))
    return { kind: 'exists', type: 'boolean', table: table.name, alias, operands: [where] };
  const value = anyExpression(random, { ...place, hasValues: false }, 1);
  const member = randomExpression(random, value.type, { ...inner, hasValues: false }, 1);
  if (member === undefined || value.type === 'json') return undefined;
  return {
    kind: 'inQuery',
    type: 'boolean',
    operator: random.pick(['in', 'in', 'not in']),
    table: table.name,
    alias,
    operands: [value, member, where],
  };
}

/** Rows of a table as JSON, for the result of a whole query. */
export function randomRelation(random: Random, place: Place): RandomExpression | undefined {
  const { alias, inner, table } = innerTable(random, place);
  const where = randomExpression(random, 'boolean', inner, 2);
  if (where === undefined) return undefined;
  const selected = Array.from({ length: 1 + random.below(3) }, () => anyExpression(random, inner, 2));
  const form = random.pick(['array', 'array', 'object'] as const);
  return { kind: 'relation', type: 'json', form, table: table.name, alias, operands: [where, ...selected] };
}

/** A table in a query of its own, which sees the columns around it. */
function innerTable(
  random: Random,
  place: Place,
): { readonly alias: string; readonly inner: Place; readonly table: RandomTable } {
  const table = random.pick(place.tables);
  subqueries = (subqueries + 1) % 1_000;
  const alias = `q${subqueries}`;
  const columns = [...columnsOf(alias, table.columns), ...place.columns];
  return { alias, table, inner: { ...place, columns } };
}

/** The columns of a table under an alias. */
export function columnsOf(
  alias: string,
  columns: readonly { readonly name: string; readonly type: QueryType }[],
): readonly ColumnOf[] {
  return columns.map(({ name, type }) => ({ kind: 'column', type, ref: `${alias}.${name}` }));
}

/** The window functions. */
const WINDOWS = [
  'avg',
  'count',
  'cume_dist',
  'dense_rank',
  'first_value',
  'lag',
  'last_value',
  'lead',
  'max',
  'min',
  'nth_value',
  'ntile',
  'percent_rank',
  'rank',
  'row_number',
  'sum',
];
const SUMMED: ReadonlySet<QueryType> = new Set(['bigint', 'double precision', 'integer', 'numeric']);
const SORTED: ReadonlySet<QueryType> = new Set<QueryType>([
  ...SUMMED,
  'date',
  'text',
  'timestamptz',
  'bytea',
]);

/** A random window function over the rows of a query. @param unique a column that tells its rows apart. */
export function randomWindow(random: Random, place: Place, unique: string): RandomExpression {
  const name = random.pick(WINDOWS);
  const allowed =
    name === 'sum' || name === 'avg' ? SUMMED : name === 'max' || name === 'min' ? SORTED : undefined;
  const pick = (types?: ReadonlySet<QueryType>): RandomExpression => {
    for (;;) {
      const found = anyExpression(random, { ...place, hasValues: false }, 1);
      if (types?.has(found.type) ?? found.type !== 'json') return found;
    }
  };
  const value = pick(allowed);
  const isFiltered = AGGREGATED.has(name) && random.chance(FILTERED);
  const where = isFiltered ? randomExpression(random, 'boolean', place, 1) : undefined;
  return {
    kind: 'window',
    type: allowed === SUMMED && value.type !== 'double precision' ? 'numeric' : resultOf(name, value.type),
    name,
    direction: random.pick(['asc', 'desc']),
    unique,
    operands: [value, pick(), pick(SORTED), ...(where === undefined ? [] : [where])],
  };
}

const FILTERED = 0.3;
const AGGREGATED: ReadonlySet<string> = new Set(['avg', 'count', 'max', 'min', 'sum']);

function resultOf(name: string, type: QueryType): QueryType {
  if (name === 'percent_rank' || name === 'cume_dist') return 'double precision';
  return /rank|count|row_number|ntile/.test(name) ? 'bigint' : type;
}

function pickOf<T extends { readonly type: QueryType }>(
  random: Random,
  list: readonly T[],
  type: QueryType,
): T | undefined {
  const found = list.filter((each) => each.type === type);
  return found.length === 0 ? undefined : random.pick(found);
}
