import {
  AndNode,
  BinaryOperationNode,
  type OperationNode,
  OperatorNode,
  OrNode,
  ParensNode,
  PrimitiveValueListNode,
  ValueListNode,
  ValueNode,
} from 'kysely';
import { operatorOf } from './expression-types.js';
import type { Walk } from './walk.js';

/**
 * Compares a column that holds microseconds with Dates, each of which stands for its whole millisecond: what was read finds its row again. An index on the column
 * can be used. `undefined` for all other comparisons; those of an expression, of a tuple or with NULL among the Dates leave the microseconds out.
 */
export function comparedTimes(walk: Walk, given: BinaryOperationNode): OperationNode | undefined {
  const node = turned(given);
  const { leftOperand, rightOperand } = node;
  if (walk.scopes.named(leftOperand)?.stored?.type?.hasMicroseconds !== true) return undefined;
  const dates = datesOf(rightOperand);
  const [first, second] = dates ?? [];
  if (first === undefined || dates === undefined) return undefined;
  const part = (operator: '<' | '>=', date: Date, by: 0 | 1): OperationNode => {
    const value = ValueNode.create(new Date(date.getTime() + by));
    return walk.transform(BinaryOperationNode.create(leftOperand, OperatorNode.create(operator), value));
  };
  const equal = (date: Date): OperationNode => AndNode.create(part('>=', date, 0), part('<', date, 1));
  const unequal = (date: Date): OperationNode =>
    ParensNode.create(OrNode.create(part('<', date, 0), part('>=', date, 1)));
  switch (operatorOf(node)) {
    case '=':
    case '==':
    case 'in':
      return ParensNode.create(dates.map(equal).reduce((all, each) => OrNode.create(all, each)));
    case '!=':
    case '<>':
    case 'not in':
      return ParensNode.create(dates.map(unequal).reduce((all, each) => AndNode.create(all, each)));
    case '>':
      return part('>=', first, 1);
    case '<=':
      return part('<', first, 1);
    case 'between':
      return second === undefined
        ? undefined
        : ParensNode.create(AndNode.create(part('>=', first, 0), part('<', second, 1)));
    default:
      return node === given ? undefined : walk.transform(node);
  }
}

const TURNED: Readonly<Record<string, '=' | '!=' | '<' | '<=' | '>' | '>='>> = {
  '=': '=',
  '==': '=',
  '!=': '!=',
  '<>': '!=',
  '<': '>',
  '<=': '>=',
  '>': '<',
  '>=': '<=',
};

/** The same comparison with the given value on the right. */
function turned(node: BinaryOperationNode): BinaryOperationNode {
  const { leftOperand, rightOperand } = node;
  const operator = TURNED[operatorOf(node)];
  if (operator === undefined || !ValueNode.is(leftOperand) || ValueNode.is(rightOperand)) return node;
  return BinaryOperationNode.create(rightOperand, OperatorNode.create(operator), leftOperand);
}

/** The given Dates; `undefined` where anything else is among them. */
function datesOf(node: OperationNode): readonly Date[] | undefined {
  const values = valuesOf(node);
  return values?.every((value) => value instanceof Date && !Number.isNaN(value.getTime()))
    ? (values as readonly Date[])
    : undefined;
}

function valuesOf(node: OperationNode): readonly unknown[] | undefined {
  if (PrimitiveValueListNode.is(node)) return node.values;
  if (ValueNode.is(node)) return node.immediate === true ? undefined : [node.value];
  const members = AndNode.is(node) ? [node.left, node.right] : ValueListNode.is(node) ? node.values : [];
  return members.length > 0 && members.every((member) => ValueNode.is(member))
    ? members.map((member) => (member as ValueNode).value)
    : undefined;
}
