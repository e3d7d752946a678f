import { jsonArrayFrom, jsonObjectFrom } from '@sluice/core';
import { type Expression, ExpressionWrapper, type SelectQueryBuilder, sql, ValueNode } from 'kysely';
import type { Builder, Operand, Operation } from './operations.js';
import type { QueryType } from './tables.js';

/** A random expression. */
export type RandomExpression =
  | CallOf
  | ColumnOf
  | ExistsOf
  | InQueryOf
  | MemberOf
  | RelationOf
  | SubqueryOf
  | ValueOf
  | WindowOf;

export interface ColumnOf {
  readonly kind: 'column';
  readonly type: QueryType;
  /** With the alias of its table. */
  readonly ref: string;
}

/** A member of a JSON column. */
export interface MemberOf {
  readonly kind: 'member';
  readonly type: QueryType;
  readonly ref: string;
  readonly operator: '->' | '->>';
  readonly path: readonly (number | string)[];
}

/** A value of the caller. */
export interface ValueOf {
  readonly kind: 'value';
  readonly type: QueryType;
  readonly value: unknown;
}

export interface CallOf {
  readonly kind: 'call';
  readonly type: QueryType;
  readonly operation: Operation;
  readonly choice: string;
  readonly operands: readonly RandomExpression[];
}

/** An aggregate over the rows of a table that a condition finds. */
export interface SubqueryOf {
  readonly kind: 'subquery';
  readonly type: QueryType;
  readonly table: string;
  readonly alias: string;
  readonly operands: readonly [value: RandomExpression, where: RandomExpression];
}

/** Whether a table has a row that a condition finds. */
export interface ExistsOf {
  readonly kind: 'exists';
  readonly type: 'boolean';
  readonly table: string;
  readonly alias: string;
  readonly operands: readonly [where: RandomExpression];
}

/** Whether a value is among those of the rows of a table that a condition finds. */
export interface InQueryOf {
  readonly kind: 'inQuery';
  readonly type: 'boolean';
  readonly operator: 'in' | 'not in';
  readonly table: string;
  readonly alias: string;
  readonly operands: readonly [value: RandomExpression, member: RandomExpression, where: RandomExpression];
}

/** The rows of a table that a condition finds, as an array of objects, or the first one as an object. */
export interface RelationOf {
  readonly kind: 'relation';
  readonly type: 'json';
  readonly form: 'array' | 'object';
  readonly table: string;
  readonly alias: string;
  /** The condition, and what is selected. */
  readonly operands: readonly [where: RandomExpression, ...selected: RandomExpression[]];
}

export interface WindowOf {
  readonly kind: 'window';
  readonly type: QueryType;
  readonly name: string;
  readonly direction: 'asc' | 'desc';
  /** A column that tells the rows of a partition apart. */
  readonly unique: string;
  /** A fourth is a condition: the FILTER of an aggregate. */
  readonly operands: readonly [
    value: RandomExpression,
    partition: RandomExpression,
    order: RandomExpression,
    ...where: RandomExpression[],
  ];
}

/** The kinds of expressions whose operands stand in a query of their own. */
export const QUERIES: ReadonlySet<RandomExpression['kind']> = new Set([
  'exists',
  'inQuery',
  'relation',
  'subquery',
]);

/** The operands of an expression; none of a column or a value. */
export function operandsOf(expression: RandomExpression): readonly RandomExpression[] {
  return 'operands' in expression ? expression.operands : [];
}

/** Builds the expression. */
export function buildExpression(eb: Builder, expression: RandomExpression): Expression<unknown> {
  switch (expression.kind) {
    case 'column':
      return eb.ref(expression.ref);
    case 'member': {
      const { operator, path, ref } = expression;
      const [first, ...rest] = path;
      let member = eb.ref(ref, operator).key(first as never);
      for (const index of rest) member = member.at(index as never) as typeof member;
      return member as unknown as Expression<unknown>;
    }
    case 'value':
      return new ExpressionWrapper(ValueNode.create(expression.value));
    case 'call': {
      const operands = expression.operands.map((operand) => buildExpression(eb, operand) as Operand);
      return expression.operation.build(eb, operands, expression.choice);
    }
    case 'subquery': {
      const [value, where] = expression.operands;
      return rowsOf(eb, expression, where, [value]);
    }
    case 'exists': {
      const [where] = expression.operands;
      return eb.exists(rowsOf(eb, expression, where, [where]));
    }
    case 'inQuery': {
      const [value, member, where] = expression.operands;
      const members = rowsOf(eb, expression, where, [member]);
      return eb.parens(eb(buildExpression(eb, value) as never, expression.operator, members as never));
    }
    case 'relation': {
      const [where, ...selected] = expression.operands;
      const rows = rowsOf(eb, expression, where, selected).orderBy(`${expression.alias}.id`);
      return expression.form === 'array' ? jsonArrayFrom(rows) : jsonObjectFrom(rows.limit(1));
    }
    case 'window':
      return buildWindow(eb, expression);
  }
}

/** The rows of a table that a condition finds, with columns `v0`, `v1`, … */
function rowsOf(
  eb: Builder,
  { alias, table }: { readonly alias: string; readonly table: string },
  where: RandomExpression,
  selected: readonly RandomExpression[],
): SelectQueryBuilder<Record<string, Record<string, unknown>>, string, Record<string, unknown>> {
  return eb
    .selectFrom(`${table} as ${alias}`)
    .select((inner) =>
      selected.map((each, index) =>
        (buildExpression(inner as Builder, each) as ExpressionWrapper<never, never, unknown>).as(`v${index}`),
      ),
    )
    .where((inner) => buildExpression(inner as Builder, where) as never);
}

function buildWindow(eb: Builder, { name, direction, operands, unique }: WindowOf): Expression<unknown> {
  const [value, partition, order, where] = operands.map((operand) => buildExpression(eb, operand)) as [
    Operand,
    Operand,
    Operand,
    Operand?,
  ];
  const members = RANKS.has(name) ? [] : name === 'ntile' ? [eb.lit(3)] : [value];
  const all = eb.fn.agg<unknown>(name, (name === 'nth_value' ? [value, eb.lit(2)] : members) as never);
  const call = where === undefined ? all : all.filterWhere(where as never);
  return call.over((over) => {
    const ordered = over.partitionBy(partition as never).orderBy(order as never, direction);
    return PEERS.has(name) ? ordered : ordered.orderBy(sql.ref(unique) as never);
  }) as unknown as Expression<unknown>;
}

const RANKS: ReadonlySet<string> = new Set(['cume_dist', 'dense_rank', 'percent_rank', 'rank', 'row_number']);
/** Functions whose result is the same for rows that are equal in the order. */
const PEERS: ReadonlySet<string> = new Set([
  'avg',
  'count',
  'cume_dist',
  'dense_rank',
  'max',
  'min',
  'percent_rank',
  'rank',
  'sum',
]);
