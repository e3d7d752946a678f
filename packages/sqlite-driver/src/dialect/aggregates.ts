import { functionCall, type ValueType, type ValueTypeName } from '@sluice/core';
import {
  type AggregateFunctionNode,
  CastNode,
  DataTypeNode,
  type Expression,
  ExpressionWrapper,
  sql,
} from 'kysely';
import { NUMERIC_AGGREGATES, NUMERIC_UNSCALED, PART, SCALED_TOTALS } from '../values/numeric-functions.js';

/** Types whose sum is within 64 bits for any number of rows that a table can have. */
const SMALL: ReadonlySet<ValueTypeName> = new Set(['integer', 'smallint']);

/**
 * The aggregate with the contract's result: exact decimals for sums and averages of integers and numerics, and for the least and greatest numeric.
 * `undefined` where SQLite's own aggregate gives that.
 */
export function portableAggregate(
  call: AggregateFunctionNode,
  { isScaled, name: type, scale = 0 }: ValueType,
): Expression<unknown> | undefined {
  const name = call.func.toLowerCase() as keyof typeof NUMERIC_AGGREGATES;
  const isTotal = name === 'sum' || name === 'avg';
  if (isScaled === true) return isTotal ? scaledTotal(call, name, scale) : undefined;
  if (name === 'sum' && SMALL.has(type))
    return new ExpressionWrapper(CastNode.create(call, DataTypeNode.create('text')));
  if (type !== 'numeric' && !(isTotal && (type === 'bigint' || SMALL.has(type)))) return undefined;
  return new ExpressionWrapper(withName(call, NUMERIC_AGGREGATES[name]));
}

/** The sum or average of numerics that are stored as whole numbers: SQLite adds up two parts of each, so that no function is called for each row. */
function scaledTotal(call: AggregateFunctionNode, name: 'avg' | 'sum', scale: number): Expression<unknown> {
  const [argument] = call.aggregated;
  if (argument === undefined) return new ExpressionWrapper(call);
  const number = new ExpressionWrapper(argument);
  if (call.distinct === true) {
    const text = functionCall(NUMERIC_UNSCALED, number, sql.lit(scale)).toOperationNode();
    return new ExpressionWrapper(withName({ ...call, aggregated: [text] }, NUMERIC_AGGREGATES[name]));
  }
  const of = (func: string, part: Expression<unknown>): Expression<unknown> =>
    new ExpressionWrapper({
      ...withName(call, func),
      aggregated: [part.toOperationNode()],
    } as AggregateFunctionNode);
  const parts = [
    of('sum', sql`(${number}) / ${sql.lit(PART)}`),
    of('sum', sql`(${number}) % ${sql.lit(PART)}`),
  ];
  const count = name === 'avg' ? [of('count', number)] : [];
  return functionCall(SCALED_TOTALS[name], ...parts, sql.lit(scale), ...count);
}

function withName(call: AggregateFunctionNode, func: string): AggregateFunctionNode {
  return { ...call, func };
}
