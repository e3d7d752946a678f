import { type Expression, ExpressionWrapper, type OperationNode, RawNode } from 'kysely';
import { UsageError } from '../errors/usage-errors.js';
import { parseValueType, type ValueType } from '../values/value-type.js';

/** The JavaScript value of each type of the contract (C1). */
export interface ContractValues {
  bigint: bigint;
  boolean: boolean;
  bytea: Uint8Array;
  date: string;
  'double precision': number;
  integer: number;
  json: unknown;
  jsonb: unknown;
  numeric: string;
  smallint: number;
  text: string;
  timestamptz: Date;
  uuid: string;
  varchar: string;
}

const TYPED = /^ \/\* (\w[\w ]*(?:\([\d, ]+\))?) \*\/$/;
const NATIVE = ' /* native */';

/**
 * Declares the type of a fragment of raw SQL, so that its value is compared, sorted and returned as one of the contract's. The fragment must give the form in
 * which the engine stores the type.
 *
 * @throws UsageError `invalid_query` when `type` is not one of the contract's.
 *
 * @example
 * eb('expires_at', '<', typed(sql`${sql.ref('created_at')} + 60000`, 'timestamptz'))
 */
export function typed<T extends keyof ContractValues>(
  expression: Expression<unknown>,
  type: T,
): ExpressionWrapper<never, never, ContractValues[T]> {
  if (parseValueType(type) === undefined)
    throw new UsageError('invalid_query', `"${type}" is not a type of the contract.`);
  return marked(expression, ` /* ${type} */`);
}

/** Leaves an expression to the engine: its meaning there, and the form in which the engine stores the values. No expression in it is refused. */
export function native<T>(expression: Expression<T>): ExpressionWrapper<never, never, T> {
  return marked(expression, NATIVE);
}

/** The type that {@link typed} gave the node. */
export function declaredType(node: RawNode): ValueType | undefined {
  const text = markOf(node);
  const type = text === undefined || text === NATIVE ? undefined : TYPED.exec(text)?.[1];
  return type === undefined ? undefined : parseValueType(type);
}

/** Whether {@link native} made the node. */
export function isNative(node: RawNode): boolean {
  return markOf(node) === NATIVE;
}

/** The comment is part of the node, so that it passes through every plugin. */
function marked<T>(expression: Expression<unknown>, mark: string): ExpressionWrapper<never, never, T> {
  return new ExpressionWrapper(RawNode.create(['', mark], [expression.toOperationNode()]));
}

function markOf({ sqlFragments, parameters }: RawNode): string | undefined {
  return parameters.length === 1 && sqlFragments[0] === '' ? sqlFragments[1] : undefined;
}

/** The expression of a node, for the methods of a driver. */
export function expressionOf(node: OperationNode): Expression<unknown> {
  return new ExpressionWrapper(node);
}
