import type { ValueType, ValueTypeName } from '@sluice/core';
import {
  type AggregateFunctionNode,
  CastNode,
  DataTypeNode,
  type Expression,
  ExpressionWrapper,
} from 'kysely';
import { NUMERIC_AGGREGATES } from '../values/numeric-functions.js';

/** Types whose sum is within 64 bits for any number of rows that a table can have. */
const SMALL: ReadonlySet<ValueTypeName> = new Set(['integer', 'smallint']);

/**
 * The aggregate with the contract's result: exact decimals for sums and averages of integers and numerics, and for the least and greatest numeric.
 * `undefined` where SQLite's own aggregate gives that.
 */
export function portableAggregate(
  call: AggregateFunctionNode,
  { name: type }: ValueType,
): Expression<unknown> | undefined {
  const name = call.func.toLowerCase() as keyof typeof NUMERIC_AGGREGATES;
  const isTotal = name === 'sum' || name === 'avg';
  if (name === 'sum' && SMALL.has(type))
    return new ExpressionWrapper(CastNode.create(call, DataTypeNode.create('text')));
  if (type !== 'numeric' && !(isTotal && (type === 'bigint' || SMALL.has(type)))) return undefined;
  const exact: AggregateFunctionNode = { ...call, func: NUMERIC_AGGREGATES[name] };
  return new ExpressionWrapper(exact);
}
