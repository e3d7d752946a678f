import {
  AndNode,
  type BinaryOperationNode,
  type OperationNode,
  PrimitiveValueListNode,
  SelectQueryNode,
  TupleNode,
  ValueListNode,
  ValueNode,
} from 'kysely';
import { byCodePoint, isUncollated } from './collations.js';
import { commonType, type ExpressionType, isOwn } from './expression-type.js';
import { membersOf, operatorOf, unwrapped } from './expression-types.js';
import { expressionOf } from './typed-expression.js';
import type { Walk } from './walk.js';

/**
 * Encodes the values in a comparison, and replaces operands that do not compare by value. The column's length and precision do not apply. `undefined` when no
 * operand has a type.
 */
export function compared(walk: Walk, node: BinaryOperationNode): BinaryOperationNode | undefined {
  const { leftOperand: left, operator, rightOperand: right } = node;
  if (TupleNode.is(left)) return comparedTuples(walk, node, left);
  const members = membersOf(right);
  const types = [left, ...members].map((operand) => walk.types.of(operand));
  const type = typeOfComparison(walk, node, types);
  if (type === undefined) {
    noteUnknown(walk, node);
    return undefined;
  }
  const form = comparedForm(walk, [left, ...members], types, type);
  if (SORTING.has(operatorOf(node))) walk.forms.assertSorted(node, type);
  // What is before a Date, or not, is so whatever its microseconds are, and an index serves.
  const isBound = (operatorOf(node) === '<' || operatorOf(node) === '>=') && isDate(right);
  const meetsDate = !isBound && [left, ...members].some(isDate);
  const [leftOperand = left, ...rest] = [left, ...members].map((operand, index) =>
    comparedSide(walk, operand, types[index], form, meetsDate),
  );
  return {
    kind: 'BinaryOperationNode',
    operator: walk.transform(operator),
    leftOperand,
    rightOperand: listAs(right, rest),
  };
}

/** Comparisons that need an order. */
const SORTING: ReadonlySet<string> = new Set(['<', '<=', '>', '>=', 'between', 'between symmetric']);

/** A comparison by order of texts that no column gives a collation, by code point. @param made the comparison, transformed. */
export function comparedByCodePoint(
  walk: Walk,
  node: BinaryOperationNode,
  made: BinaryOperationNode,
): BinaryOperationNode {
  if (walk.sql.byCodePoint === undefined || !SORTING.has(operatorOf(node))) return made;
  const members = membersOf(node.rightOperand);
  const type = walk.types.ofAll([node.leftOperand, ...members]);
  // BETWEEN compares with each of two.
  const isMeant =
    isUncollated(walk, node.leftOperand, type) && members.some((each) => isUncollated(walk, each, type));
  if (!isMeant) return made;
  return { ...made, leftOperand: byCodePoint(walk, made.leftOperand) };
}

/** The type in which operands are compared; `undefined` when it is not known and does not matter. @throws UsageError `untyped_expression`. */
export function typeOfComparison(
  walk: Walk,
  node: OperationNode,
  types: readonly (ExpressionType | undefined)[],
): ExpressionType | undefined {
  const common = commonType(types);
  if (common !== undefined) return isOwn(common) ? common : undefined;
  const opaque = types.find((type) => walk.forms.isOpaque(type));
  if (opaque === undefined) return types.find(isOwn);
  noteUnknown(walk, node);
  throw walk.forms.untyped(node, opaque, 'compared with what has another type, or none that is known');
}

/** The type as the operands have it in a comparison: numerics are compared as whole numbers where all are. */
export function comparedForm(
  walk: Walk,
  nodes: readonly OperationNode[],
  types: readonly (ExpressionType | undefined)[],
  type: ExpressionType,
): ExpressionType {
  return type.name === 'numeric' && walk.sql.stored !== undefined ? walk.operands.formOf(nodes, types) : type;
}

function comparedSide(
  walk: Walk,
  node: OperationNode,
  from: ExpressionType | undefined,
  type: ExpressionType,
  meetsDate: boolean,
): OperationNode {
  const { operands } = walk;
  const given = walk.transform(operands.encoded(node, type));
  const made = meetsDate ? operands.asDate(given, from) : given;
  if (ValueNode.is(node)) return operands.comparable(made, type);
  if (from === undefined || !isOwn(from)) return comparedGiven(walk, made, from, type);
  const query = unwrapped(node);
  if (SelectQueryNode.is(query) && isInList(walk) && operands.isCompared(type)) {
    const column = operands.comparableColumn(made as SelectQueryNode, query, from, type);
    if (column !== undefined && from.name === type.name) return column;
    throw walk.forms.untyped(
      node,
      type,
      'compared with the column of a sub-query that has another type, or no name',
    );
  }
  const coerced = operands.coerced(made, from, type);
  return coerced !== made || from.name === type.name ? operands.comparable(coerced, type) : made;
}

/** An expression of given values alone, such as a CASE: a numeric among them is one in any form. */
function comparedGiven(
  walk: Walk,
  made: OperationNode,
  from: ExpressionType | undefined,
  type: ExpressionType,
): OperationNode {
  const { stored } = walk.sql;
  if (stored === undefined || from?.name !== 'given' || type.name !== 'numeric') return made;
  return walk.operands.comparable(stored.numeric(expressionOf(made)).toOperationNode(), type);
}

function isInList(walk: Walk): boolean {
  const node = walk.around(0);
  return node?.kind === 'BinaryOperationNode' && /\bin$/.test(operatorOf(node as BinaryOperationNode));
}

function comparedTuples(
  walk: Walk,
  node: BinaryOperationNode,
  left: TupleNode,
): BinaryOperationNode | undefined {
  const { rightOperand: right } = node;
  const tuples = membersOf(right);
  const types = left.values.map((member) => walk.types.of(member));
  if (!tuples.every((tuple) => TupleNode.is(tuple))) {
    const opaque = types.find((type) => walk.forms.isOpaque(type));
    if (opaque === undefined) return undefined;
    throw walk.forms.untyped(node, opaque, 'compared with a sub-query of several columns');
  }
  const common = types.map((type, index) => {
    const members = [left, ...tuples].map(({ values }) => values[index] ?? MISSING);
    const others = members.map((member, at) => (at === 0 ? type : walk.types.of(member)));
    const found = typeOfComparison(walk, node, others);
    return found === undefined ? undefined : comparedForm(walk, members, others, found);
  });
  if (SORTING.has(operatorOf(node))) for (const type of common) walk.forms.assertSorted(node, type);
  const made = ({ values }: TupleNode): TupleNode =>
    TupleNode.create(
      values.map((member, index) => {
        const type = common[index];
        if (type === undefined) return walk.transform(member);
        const meetsDate = [left, ...tuples].some(({ values: others }) => isDate(others[index]));
        return comparedSide(walk, member, walk.types.of(member), type, meetsDate);
      }),
    );
  return {
    kind: 'BinaryOperationNode',
    operator: walk.transform(node.operator),
    leftOperand: made(left),
    rightOperand: listAs(right, tuples.map(made)),
  };
}

/** Stands for a member that a shorter tuple lacks, which the engine refuses. */
const MISSING: OperationNode = ValueNode.createImmediate(null);

/** Whether the node is a Date that the caller gave. */
export function isDate(node: OperationNode | undefined): boolean {
  return node !== undefined && ValueNode.is(node) && node.value instanceof Date;
}

/** The members in the form of the right side from which they come. */
function listAs(right: OperationNode, members: readonly OperationNode[]): OperationNode {
  const [first, second] = members;
  if (PrimitiveValueListNode.is(right) || ValueListNode.is(right)) return ValueListNode.create(members);
  if (first === undefined) return right;
  return AndNode.is(right) && second !== undefined ? AndNode.create(first, second) : first;
}

/** Notes which columns of a comparison with given values are unknown. */
function noteUnknown(walk: Walk, node: OperationNode): void {
  if (node.kind !== 'BinaryOperationNode') return;
  const { leftOperand, rightOperand } = node as BinaryOperationNode;
  if (isGivenValue(rightOperand)) walk.deny(leftOperand);
  if (isGivenValue(leftOperand)) walk.deny(rightOperand);
}

/** Whether the node stands for values that the caller gave. */
export function isGivenValue(node: OperationNode): boolean {
  if (AndNode.is(node)) return isGivenValue(node.left) || isGivenValue(node.right);
  if (ValueListNode.is(node)) return node.values.some(isGivenValue);
  return PrimitiveValueListNode.is(node) || (ValueNode.is(node) && node.value !== null && !node.immediate);
}
