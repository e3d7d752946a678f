import { type Expression, ExpressionWrapper, sql, ValueNode } from 'kysely';
import type { Builder, Operand, Operation } from './operations.js';
import type { QueryType } from './tables.js';

/** A random expression. */
export type RandomExpression = CallOf | ColumnOf | MemberOf | SubqueryOf | ValueOf | WindowOf;

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

export interface WindowOf {
  readonly kind: 'window';
  readonly type: QueryType;
  readonly name: string;
  readonly direction: 'asc' | 'desc';
  /** A column that tells the rows of a partition apart. */
  readonly unique: string;
  readonly operands: readonly [value: RandomExpression, partition: RandomExpression, order: RandomExpression];
}

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
      return eb
        .selectFrom(`${expression.table} as ${expression.alias}`)
        .select((inner) =>
          (buildExpression(inner as Builder, value) as ExpressionWrapper<never, never, unknown>).as('v'),
        )
        .where((inner) => buildExpression(inner as Builder, where) as never);
    }
    case 'window':
      return buildWindow(eb, expression);
  }
}

function buildWindow(eb: Builder, { name, direction, operands, unique }: WindowOf): Expression<unknown> {
  const [value, partition, order] = operands.map((operand) => buildExpression(eb, operand)) as [
    Operand,
    Operand,
    Operand,
  ];
  const call = eb.fn.agg<unknown>(name, RANKS.has(name) ? [] : [value]);
  return call.over((over) => {
    const ordered = over.partitionBy(partition as never).orderBy(order as never, direction);
    return PEERS.has(name) ? ordered : ordered.orderBy(sql.ref(unique) as never);
  }) as unknown as Expression<unknown>;
}

const RANKS: ReadonlySet<string> = new Set(['dense_rank', 'rank', 'row_number']);
/** Functions whose result is the same for rows that are equal in the order. */
const PEERS: ReadonlySet<string> = new Set(['avg', 'count', 'dense_rank', 'max', 'min', 'rank', 'sum']);
