import { isOrderOfQuery } from '@sluice/core';
import {
  type AggregateFunctionNode,
  AliasNode,
  type Expression,
  ExpressionWrapper,
  type OperationNode,
  RawNode,
  SelectionNode,
  SelectQueryNode,
} from 'kysely';
import type { FieldDef } from 'pg';

/*
 * In the contract, `min` and `max` of a bigint column are bigints and a count is a number, but PostgreSQL's type of all three is int8. So a
 * `min` or `max` that is a column of the result is cast to varbit(64), a type that no other result has.
 */

/** `min` or `max` of a bigint column. The comment marks the expression for {@link exactBigintCast}, and is valid SQL in every place. */
export function bigintExtreme(call: AggregateFunctionNode): Expression<unknown> {
  return new ExpressionWrapper(RawNode.create(['', MARK], [call]));
}

const MARK = ' /* least or greatest bigint */';

/** The cast to append to a marked `min` or `max` that is a column of the result; empty where another expression uses its value. */
export function exactBigintCast(node: RawNode, nodeStack: readonly OperationNode[]): string {
  const isMarked = node.sqlFragments.at(-1) === MARK;
  return isMarked && isResultColumn(nodeStack) ? '::bit(64)::varbit(64)' : '';
}

/** Whether a result's column is a `min` or `max` that was cast to varbit(64). */
export function isExactBigint({ dataTypeID, dataTypeModifier, tableID }: FieldDef): boolean {
  return dataTypeID === VARBIT && dataTypeModifier === 64 && tableID === 0;
}

/** Parses 64 bits, in two's complement. */
export function parseExactBigint(bits: string): bigint {
  return BigInt.asIntN(64, BigInt(`0b${bits}`));
}

const VARBIT = 1562;

/** The nodes below the query that core puts around one for its order. */
function withoutOrder(nodeStack: readonly OperationNode[]): readonly OperationNode[] {
  const [outer, ...inner] = nodeStack;
  if (outer === undefined || !SelectQueryNode.is(outer) || !isOrderOfQuery(outer)) return nodeStack;
  const start = inner.findIndex((node) => SelectQueryNode.is(node));
  return start === -1 ? nodeStack : inner.slice(start);
}

/** Whether the innermost node is a column of the outermost SELECT's result. Not in a UNION, where all parts must have the same type. */
function isResultColumn(nodeStack: readonly OperationNode[]): boolean {
  const [query, selection, ...rest] = withoutOrder(nodeStack);
  if (query === undefined || !SelectQueryNode.is(query) || query.setOperations !== undefined) return false;
  if (selection === undefined || !SelectionNode.is(selection)) return false;
  const [outer] = rest;
  return rest.length === 1 || (rest.length === 2 && outer !== undefined && AliasNode.is(outer));
}
