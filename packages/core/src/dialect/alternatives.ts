import {
  type BinaryOperationNode,
  CaseNode,
  type FunctionNode,
  type OperationNode,
  OperatorNode,
  ValueNode,
  WhenNode,
} from 'kysely';
import { areUncollated, byCodePoint } from './collations.js';
import { comparedForm, isDate, typeOfComparison } from './comparisons.js';
import { commonType, type ExpressionType, isOwn, isUnscaled } from './expression-type.js';
import { resultsOf } from './expression-types.js';
import { expressionOf } from './typed-expression.js';
import { asNode, type Walk } from './walk.js';

/** A function that gives one of its arguments, such as COALESCE, with all of them in one type. `undefined` when it is not known and does not matter. */
export function unified(walk: Walk, node: FunctionNode): FunctionNode | undefined {
  const name = node.func.toLowerCase();
  const type = typeOfAlternatives(walk, node, node.arguments, `one of the arguments of ${name}()`);
  if (type === undefined) return undefined;
  const members = node.arguments.map((argument) => {
    const made = walk.transform(walk.operands.encoded(argument, type));
    return walk.operands.coerced(made, walk.types.of(argument), type);
  });
  const [first, second] = members;
  if (name !== 'nullif' || first === undefined || second === undefined)
    return { ...node, arguments: members };
  if (type.hasMicroseconds === true && node.arguments.some(isDate))
    return asNode(
      nullIfEqual(first, equals(walk, asDate(walk, node, 0, first), asDate(walk, node, 1, second), type)),
    );
  if (!walk.operands.isCompared(type)) return { ...node, arguments: members };
  return asNode(nullIfEqual(first, equals(walk, first, second, type)));
}

/** An argument without the microseconds that a Date does not carry. @param made the argument, transformed. */
function asDate(walk: Walk, node: FunctionNode, index: number, made: OperationNode): OperationNode {
  const argument = node.arguments[index];
  return argument === undefined ? made : walk.operands.asDate(made, walk.types.of(argument));
}

/** GREATEST and LEAST, which pass over NULLs, also where the engine has no such functions. @param made the call, with its arguments in one type. */
export function extreme(walk: Walk, node: FunctionNode, made: FunctionNode): OperationNode {
  const { stored } = walk.sql;
  const name = node.func.toLowerCase();
  if (name !== 'greatest' && name !== 'least') return made;
  const type = walk.types.of(node);
  if (stored === undefined)
    return areUncollated(walk, node.arguments, type) ? withFirstByCodePoint(walk, made) : made;
  walk.forms.refuse(node, node.arguments, SORTED, `given to ${name}()`);
  const isNumeric = isUnscaled(type) && !walk.forms.isDeclared;
  return stored.extreme(name, made.arguments.map(expressionOf), isNumeric).toOperationNode();
}

function withFirstByCodePoint(walk: Walk, made: FunctionNode): FunctionNode {
  const [first, ...others] = made.arguments;
  return first === undefined ? made : { ...made, arguments: [byCodePoint(walk, first), ...others] };
}

/** Types stored in another form of which GREATEST and LEAST know the order. */
const SORTED: ReadonlySet<string> = new Set(['boolean', 'date', 'numeric', 'timestamptz']);

function equals(
  walk: Walk,
  left: OperationNode,
  right: OperationNode,
  type: ExpressionType,
): BinaryOperationNode {
  return {
    kind: 'BinaryOperationNode',
    leftOperand: walk.operands.comparable(left, type),
    operator: OperatorNode.create('='),
    rightOperand: walk.operands.comparable(right, type),
  };
}

function nullIfEqual(value: OperationNode, isEqual: OperationNode): CaseNode {
  const when = WhenNode.cloneWithResult(WhenNode.create(isEqual), ValueNode.createImmediate(null));
  return { ...CaseNode.create(), when: [when], else: value };
}

/** The results of a CASE in one type. @param transformed transforms all its parts. */
export function unifiedCase(walk: Walk, node: CaseNode, transformed: (node: CaseNode) => CaseNode): CaseNode {
  const type = typeOfAlternatives(walk, node, resultsOf(node), 'one of the results');
  const given =
    type === undefined ? node : withResults(node, (result) => walk.operands.encoded(result, type));
  const made = comparedCase(walk, given, transformed(given));
  if (type === undefined) return made;
  const types = resultsOf(given).map((result) => walk.types.of(result));
  let index = 0;
  return withResults(made, (result) => {
    const from = types[index];
    index += 1;
    return walk.operands.coerced(result, from, type);
  });
}

/** The CASE with other results, in their order. */
function withResults(node: CaseNode, change: (result: OperationNode) => OperationNode): CaseNode {
  const when = node.when?.map((each) =>
    each.result === undefined ? each : { ...each, result: change(each.result) },
  );
  return {
    ...node,
    ...(when === undefined ? {} : { when }),
    ...(node.else === undefined ? {} : { else: change(node.else) }),
  };
}

/** The comparisons of `case value when … then …`, by value. */
function comparedCase(walk: Walk, given: CaseNode, made: CaseNode): CaseNode {
  const { value, when = [] } = given;
  if (value === undefined || made.value === undefined) return made;
  const operands = [value, ...when.map(({ condition }) => condition)];
  const types = operands.map((operand) => walk.types.of(operand));
  const common = typeOfComparison(walk, given, types);
  if (common === undefined) return made;
  const type = comparedForm(walk, operands, types, common);
  const meetsDate = operands.some(isDate);
  const side = (index: number, transformed: OperationNode): OperationNode => {
    const before = operands[index];
    const encoded =
      before !== undefined && ValueNode.is(before) ? walk.operands.encoded(before, type) : transformed;
    const coerced = walk.operands.coerced(encoded, types[index], type);
    return walk.operands.comparable(meetsDate ? walk.operands.asDate(coerced, types[index]) : coerced, type);
  };
  return {
    ...made,
    value: side(0, made.value),
    when: (made.when ?? []).map((each, index) => ({ ...each, condition: side(index + 1, each.condition) })),
  };
}

/** The type of expressions of which one is the result. @throws UsageError `untyped_expression`. */
function typeOfAlternatives(
  walk: Walk,
  node: OperationNode,
  members: readonly OperationNode[],
  what: string,
): ExpressionType | undefined {
  const types = members.map((member) => walk.types.of(member));
  const common = commonType(types);
  if (common !== undefined) return isOwn(common) ? common : undefined;
  const hidden = types.find((type) => walk.forms.isHidden(type));
  if (hidden === undefined) return undefined;
  throw walk.forms.untyped(
    node,
    hidden,
    `${what}, and another one has a different type, or none that is known`,
  );
}
