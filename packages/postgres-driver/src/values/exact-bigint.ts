import {
  AliasNode,
  type Expression,
  type OperationNode,
  type RawNode,
  SelectionNode,
  SelectQueryNode,
  sql,
} from 'kysely';
import type { FieldDef } from 'pg';

/*
 * The least and the greatest of a bigint column are bigints and a count is a number, yet PostgreSQL calls all of them int8. So where
 * such an extreme is a column of the result it is sent as 64 bits, which nothing else is.
 */

/** `min` or `max` of a bigint column. The comment marks it, and is plain SQL wherever it ends up. */
export function bigintExtreme(name: 'max' | 'min', argument: Expression<unknown>): Expression<unknown> {
  return name === 'max' ? sql`max(${argument}) /* bigint */` : sql`min(${argument}) /* bigint */`;
}

/** What to append to a marked extreme so that it arrives as a bigint; empty where something else reads it. */
export function exactBigintCast(node: RawNode, nodeStack: readonly OperationNode[]): string {
  const isMarked = node.sqlFragments.at(-1) === ') /* bigint */';
  return isMarked && isResultColumn(nodeStack) ? '::bit(64)::varbit(64)' : '';
}

/** Whether a result's column is an extreme that was sent as 64 bits. */
export function isExactBigint({ dataTypeID, dataTypeModifier, tableID }: FieldDef): boolean {
  return dataTypeID === VARBIT && dataTypeModifier === 64 && tableID === 0;
}

/** Reads 64 bits, the first of them the sign. */
export function parseExactBigint(bits: string): bigint {
  return BigInt.asIntN(64, BigInt(`0b${bits}`));
}

const VARBIT = 1562;

/** Whether the innermost node is a column of the outermost SELECT's result. In a UNION all parts must keep one type. */
function isResultColumn([query, selection, ...rest]: readonly OperationNode[]): boolean {
  if (query === undefined || !SelectQueryNode.is(query) || query.setOperations !== undefined) return false;
  if (selection === undefined || !SelectionNode.is(selection)) return false;
  const [outer] = rest;
  return rest.length === 1 || (rest.length === 2 && outer !== undefined && AliasNode.is(outer));
}
