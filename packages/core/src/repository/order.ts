import { type Expression, expressionBuilder, type OrderByItemBuilder, type SqlBool } from 'kysely';
import { invalidQuery } from '../errors/invalid-query.js';
import type { NextValue } from './statement-templates.js';
import type { ShapeColumn, TableShape } from './table-shape.js';
import type { AnyTables, Condition } from './where.js';

/** One column of an order, with all defaults filled in. */
export interface OrderTerm {
  readonly column: ShapeColumn;
  readonly direction: 'asc' | 'desc';
  readonly nulls: 'first' | 'last';
}

/** Validates an order, which may come untyped from a request. @throws UsageError `invalid_query` or `unknown_column`. */
export function parseOrder(shape: TableShape, orderBy: unknown): OrderTerm[] {
  if (orderBy === undefined) return [];
  if (typeof orderBy !== 'object' || orderBy === null)
    throw invalidQuery('`orderBy` must be an object of directions');
  return Object.entries(orderBy).map(([property, order]) => parseTerm(shape.column(property), order));
}

/** Makes an order total: adds the missing columns of the key at the end, in the direction of the last column. */
export function totalOrder(shape: TableShape, terms: readonly OrderTerm[]): OrderTerm[] {
  const direction = terms.at(-1)?.direction ?? 'asc';
  const missing = shape.key.filter((column) => !terms.some((term) => term.column === column));
  return [...terms, ...missing.map((column) => ({ column, direction, nulls: defaultNulls(direction) }))];
}

/** Builds the direction and, for a nullable column, the position of NULLs. */
export function applyTerm({
  column,
  direction,
  nulls,
}: OrderTerm): (item: OrderByItemBuilder) => OrderByItemBuilder {
  return (item) => {
    const directed = direction === 'asc' ? item.asc() : item.desc();
    if (!column.isNullable) return directed;
    return nulls === 'first' ? directed.nullsFirst() : directed.nullsLast();
  };
}

/** Identifies an order, for the cache of compiled statements and for cursors. */
export function formOfOrder(terms: readonly OrderTerm[]): string {
  return terms.map(({ column, direction, nulls }) => `${column.name} ${direction} ${nulls}`).join();
}

/** The condition for the rows that come after the row with `values` (encoded, one for each term) in a total order. */
export function rowsAfter(
  shape: TableShape,
  terms: readonly OrderTerm[],
  values: readonly unknown[],
): Condition {
  const eb = expressionBuilder<AnyTables, string>();
  const used: unknown[] = [];
  const branches = terms.map((term, index) => {
    const equal = terms.slice(0, index).map((before, at) => equals(before, values[at]));
    return { equal, follows: follows(term, values[index]) };
  });
  const [first] = terms;
  // The branches imply this condition. It is repeated because only in this form can the engine seek in an index to the cursor's position.
  const start = first === undefined || first.column.isNullable ? undefined : begins(first, values[0]);
  const build = (next: NextValue): Expression<SqlBool> => {
    const built = branches.map((branch) =>
      eb.and([...branch.equal, branch.follows].map((part) => part(next))),
    );
    return start === undefined ? eb.or(built) : eb.and([eb.or(built), start(next)]);
  };
  return {
    form: `after(${formOfOrder(terms)} ${values.map((value) => value === null).join()})`,
    values: used,
    isPure: true,
    build,
  };

  /** Adds a value to `used`, in the order in which the parts are built. */
  function comparing(column: ShapeColumn, sign: '<' | '<=' | '=' | '>' | '>=', value: unknown): Part {
    used.push(value);
    return (next) => eb(referTo(column), sign, shape.comparable(column, next()));
  }

  function referTo(column: ShapeColumn): Expression<unknown> {
    return shape.ordered(column, eb.ref(column.property as never));
  }

  function equals({ column }: OrderTerm, value: unknown): Part {
    return value === null ? () => eb(referTo(column), 'is', null) : comparing(column, '=', value);
  }

  function begins({ column, direction }: OrderTerm, value: unknown): Part {
    return comparing(column, direction === 'asc' ? '>=' : '<=', value);
  }

  function follows({ column, direction, nulls }: OrderTerm, value: unknown): Part {
    if (value === null)
      return () => (nulls === 'first' ? eb(referTo(column), 'is not', null) : eb.lit(false));
    const beyond = comparing(column, direction === 'asc' ? '>' : '<', value);
    if (nulls === 'first' || !column.isNullable) return beyond;
    return (next) => eb.or([beyond(next), eb(referTo(column), 'is', null)]);
  }
}

type Part = (next: NextValue) => Expression<SqlBool>;

function parseTerm(column: ShapeColumn, order: unknown): OrderTerm {
  if (column.type?.name === 'json' || column.type?.name === 'jsonb') {
    throw invalidQuery(`"${column.property}" is json, which has no portable order`);
  }
  const { direction, nulls, ...others } =
    typeof order === 'object' && order !== null
      ? { ...NO_ORDER, ...order }
      : { ...NO_ORDER, direction: order };
  if (direction !== 'asc' && direction !== 'desc')
    throw invalidQuery(`the direction of "${column.property}" is 'asc' or 'desc'`);
  if (nulls !== undefined && nulls !== 'first' && nulls !== 'last') {
    throw invalidQuery(`the nulls of "${column.property}" come 'first' or 'last'`);
  }
  const [name] = Object.keys(others);
  if (name !== undefined) throw invalidQuery(`the order of "${column.property}" has no "${name}"`);
  return { column, direction, nulls: nulls ?? defaultNulls(direction) };
}

const NO_ORDER: { readonly direction: unknown; readonly nulls: unknown } = {
  direction: undefined,
  nulls: undefined,
};

/** NULL sorts as if it were larger than every value, as in PostgreSQL (postgresql.org/docs/current/queries-order.html). */
function defaultNulls(direction: 'asc' | 'desc'): 'first' | 'last' {
  return direction === 'asc' ? 'last' : 'first';
}
