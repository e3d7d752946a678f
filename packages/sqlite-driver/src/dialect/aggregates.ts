import type { AggregateName, ValueType, ValueTypeName } from '@sluice/core';
import { type Expression, ExpressionWrapper, type OperationNode, RawNode } from 'kysely';
import { NUMERIC_AGGREGATES } from '../values/numeric-functions.js';

const WHOLE_NUMBERS: ReadonlySet<ValueTypeName> = new Set(['bigint', 'integer', 'smallint']);

/** Types whose values SQLite stores as whole numbers, so that only their name tells what to make of them. */
const HINTED: ReadonlySet<ValueTypeName> = new Set(['bigint', 'timestamptz']);

/**
 * The aggregate that answers as the contract says: exact decimals for whole numbers and numerics, the column's own type for its least and
 * greatest value. `undefined` where SQLite's own does.
 */
export function portableAggregate(
  name: AggregateName,
  argument: Expression<unknown>,
  type: ValueType,
  isDistinct: boolean,
): Expression<unknown> | undefined {
  if (type.name === 'numeric' || (isTotal(name) && WHOLE_NUMBERS.has(type.name))) {
    return call(NUMERIC_AGGREGATES[name], argument, isDistinct);
  }
  return !isTotal(name) && HINTED.has(type.name)
    ? call(`${name}/*:${type.name}*/`, argument, isDistinct)
    : undefined;
}

/** The type that {@link portableAggregate} wrote into the call of an aggregate. */
export function typeOfAggregate(node: OperationNode): string | undefined {
  return RawNode.is(node) ? /^m(?:ax|in)\/\*:(\w+)\*\//.exec(node.sqlFragments[0] ?? '')?.[1] : undefined;
}

function isTotal(name: AggregateName): boolean {
  return name === 'sum' || name === 'avg';
}

function call(name: string, argument: Expression<unknown>, isDistinct: boolean): Expression<unknown> {
  const opening = isDistinct ? `${name}(distinct ` : `${name}(`;
  return new ExpressionWrapper(RawNode.create([opening, ')'], [argument.toOperationNode()]));
}
