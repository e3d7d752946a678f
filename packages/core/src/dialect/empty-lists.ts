import {
  type BinaryOperationNode,
  type OperationNode,
  PrimitiveValueListNode,
  ValueListNode,
  ValueNode,
} from 'kysely';
import { operatorOf } from './expression-types.js';

/** What IN or NOT IN of an empty list is, for which PostgreSQL has no words: false or true, also for NULL. `undefined` for anything else. */
export function emptyList(node: BinaryOperationNode): OperationNode | undefined {
  const operator = operatorOf(node);
  if (operator !== 'in' && operator !== 'not in') return undefined;
  const { rightOperand: list } = node;
  const isEmpty = (PrimitiveValueListNode.is(list) || ValueListNode.is(list)) && list.values.length === 0;
  return isEmpty ? ValueNode.createImmediate(operator === 'not in') : undefined;
}
