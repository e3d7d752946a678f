import type { AggregateName, ValueType, ValueTypeName } from '@sluice/core';
import { type Expression, ExpressionWrapper, type OperationNode, RawNode } from 'kysely';
import { NUMERIC_AGGREGATES } from '../values/numeric-functions.js';

const WHOLE_NUMBERS: ReadonlySet<ValueTypeName> = new Set(['bigint', 'integer', 'smallint']);

/** Types that SQLite stores as integers, so that a result needs a type hint to be decoded. */
const HINTED: ReadonlySet<ValueTypeName> = new Set(['bigint', 'timestamptz']);

/**
 * The aggregate with the contract's result: exact decimals for sums and averages of integers and numerics, and the column's type for its minimum
 * and maximum. `undefined` where SQLite's own aggregate gives that.
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

/** The type hint that {@link portableAggregate} wrote into the call of an aggregate. */
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
