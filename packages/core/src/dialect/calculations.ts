import {
  type BinaryOperationNode,
  type CastNode,
  type Expression,
  type OperationNode,
  sql,
  type UnaryOperationNode,
  ValueNode,
} from 'kysely';
import type { ArithmeticOperator } from '../driver/driver.js';
import { ValueError } from '../errors/data-errors.js';
import { UsageError } from '../errors/usage-errors.js';
import type { ValueTypeName } from '../values/value-type.js';
import { arithmeticType, asText, DOUBLE, type ExpressionType, isWhole, NUMERIC } from './expression-type.js';
import { operatorOf } from './expression-types.js';
import { NONE, NUMBERS } from './hidden-forms.js';
import { asDouble, isContractType } from './operands.js';
import { expressionOf } from './typed-expression.js';
import { asNode, type Walk } from './walk.js';

/** An operation on two numbers, of which one is a numeric. `undefined` where the engine's own operator has the right result. */
export function calculated(walk: Walk, node: BinaryOperationNode): OperationNode | undefined {
  const { forms, sql, types } = walk;
  if (sql.stored === undefined || forms.isDeclared) return undefined;
  const operator = operatorOf(node) as ArithmeticOperator;
  const { leftOperand, rightOperand } = node;
  forms.refuse(node, [leftOperand, rightOperand], NUMBERS, 'added, subtracted, multiplied or divided');
  const [left, right] = [types.of(leftOperand), types.of(rightOperand)];
  assertWhole(leftOperand, right);
  assertWhole(rightOperand, left);
  if (left?.name !== 'numeric' && right?.name !== 'numeric')
    return operator === '/' && arithmeticType(left, right)?.name === DOUBLE.name
      ? divided(walk, node)
      : undefined;
  const type = arithmeticType(left, right);
  if (type === undefined)
    throw forms.untyped(node, NUMERIC, 'calculated with what has another type, or none that is known');
  if (type.name !== 'numeric') return ofDoubles(walk, node);
  assertGrouped(node, operator);
  const numeric = (operand: OperationNode): Expression<unknown> => {
    const made = walk.transform(walk.operands.encoded(operand, NUMERIC));
    return expressionOf(walk.operands.coerced(made, types.of(operand), NUMERIC));
  };
  return sql.stored.calculated(operator, numeric(leftOperand), numeric(rightOperand)).toOperationNode();
}

/** A value of the caller has the type of the other operand, and no fraction when that is a whole number. @throws ValueError. */
function assertWhole(node: OperationNode, other: ExpressionType | undefined): void {
  if (!ValueNode.is(node) || node.immediate === true || other === undefined || !isWhole(other)) return;
  if (typeof node.value !== 'number' || Number.isInteger(node.value)) return;
  throw new ValueError(
    `${node.value} is calculated with a whole number, and is none. Cast the other operand to numeric or double precision.`,
  );
}

/** A quotient of doubles. A computed double may be a whole number to the engine, which would divide it without a fraction. */
function divided(walk: Walk, node: BinaryOperationNode): BinaryOperationNode | undefined {
  if (walk.scopes.named(node.leftOperand)?.stored !== undefined) return undefined;
  return {
    ...node,
    leftOperand: asDouble(walk.transform(node.leftOperand)),
    rightOperand: walk.transform(node.rightOperand),
  };
}

function ofDoubles(walk: Walk, node: BinaryOperationNode): BinaryOperationNode {
  const double = (operand: OperationNode): OperationNode => {
    const made = walk.transform(operand);
    return walk.operands.coerced(made, walk.types.of(operand), DOUBLE);
  };
  return { ...node, leftOperand: double(node.leftOperand), rightOperand: double(node.rightOperand) };
}

/** The negative of a numeric. `undefined` for other types. */
export function negated(walk: Walk, node: UnaryOperationNode): OperationNode | undefined {
  const { stored } = walk.sql;
  if (stored === undefined || walk.forms.isDeclared) return undefined;
  walk.forms.refuse(node, [node.operand], NUMBERS, 'negated');
  if (walk.types.of(node.operand)?.name !== 'numeric') return undefined;
  if (walk.types.of(node.operand)?.isScaled === true) return undefined;
  const zero = expressionOf(ValueNode.createImmediate('0'));
  return stored.calculated('-', zero, expressionOf(walk.transform(node.operand))).toOperationNode();
}

/** A cast from or to a type that is stored in another form. @param cast the cast, with its operand transformed. */
export function cast(walk: Walk, node: CastNode, cast: CastNode): CastNode {
  const { forms, operands, sql, types } = walk;
  const [from, to] = [types.of(node.expression), types.of(node)];
  if (sql.stored === undefined || forms.isDeclared || from === undefined || to === undefined) return cast;
  const made = { ...cast, expression: operands.coerced(cast.expression, from, asText(from)) };
  if (from.name === to.name && from.scale === to.scale) return asNode(made.expression);
  if (from.name === 'given' && isContractType(to) && forms.isHidden(to)) return asNode(given(walk, node, to));
  if (!(CASTS[from.name as ValueTypeName]?.has(to.name) ?? true))
    throw forms.untyped(node, from, `cast to ${to.name}`);
  if (AS_STRING.has(from.name) && isNumber(to)) return asNode(textNumber(walk, made.expression, to));
  if (from.name === 'boolean' && AS_STRING.has(to.name)) return asNode(booleanText(made.expression));
  if (from.name === 'jsonb' && AS_STRING.has(to.name))
    return { ...made, expression: sql.stored.jsonbText(expressionOf(made.expression)).toOperationNode() };
  if (to.name === 'numeric' && (isWhole(from) || from.name === 'numeric')) {
    const numeric = expressionOf(operands.coerced(made.expression, from, NUMERIC));
    return asNode(
      (to.scale === undefined ? numeric : sql.stored.rescaled(numeric, to.scale)).toOperationNode(),
    );
  }
  if (from.name !== 'numeric' || !isWhole(to)) return made;
  return { ...made, expression: sql.stored.rescaled(expressionOf(made.expression), 0).toOperationNode() };
}

/** A value of the caller that a cast gives its type. */
function given(walk: Walk, { expression }: CastNode, type: ExpressionType): OperationNode {
  const value = walk.operands.encoded(expression, { name: type.name });
  const { stored } = walk.sql;
  if (type.name !== 'numeric' || type.scale === undefined || stored === undefined) return value;
  return stored.rescaled(expressionOf(value), type.scale).toOperationNode();
}

type NumberName = 'bigint' | 'double precision' | 'integer' | 'numeric' | 'smallint';

function isNumber(type: ExpressionType): type is ExpressionType & { readonly name: NumberName } {
  return (
    type.name === 'numeric' || type.name === 'double precision' || (isWhole(type) && type.name !== 'whole')
  );
}

/** A number that is written in a text, with the scale of the type. */
function textNumber(
  { sql: { stored } }: Walk,
  text: OperationNode,
  { name, scale }: ExpressionType & { readonly name: NumberName },
): OperationNode {
  if (stored === undefined) return text;
  const number = stored.numberOf(expressionOf(text), name);
  return (scale === undefined ? number : stored.rescaled(number, scale)).toOperationNode();
}

function booleanText(boolean: OperationNode): OperationNode {
  return sql`case ${expressionOf(boolean)} when true then 'true' when false then 'false' end`.toOperationNode();
}

const AS_STRING: ReadonlySet<string> = new Set(['text', 'varchar']);

/** What a type that is stored in another form may be cast to. */
const CASTS: Readonly<Partial<Record<ValueTypeName, ReadonlySet<string>>>> = {
  boolean: new Set(['bigint', 'integer', 'smallint', 'text', 'varchar']),
  date: new Set(['text', 'varchar']),
  json: new Set(['json', 'jsonb', 'text', 'varchar']),
  jsonb: new Set(['json', 'jsonb', 'text', 'varchar']),
  numeric: new Set(['bigint', 'double precision', 'integer', 'numeric', 'smallint', 'text', 'varchar']),
  timestamptz: NONE,
};

const PRECEDENCE: Readonly<Record<string, number | undefined>> = { '%': 2, '*': 2, '+': 1, '-': 1, '/': 2 };
const STRONGEST = 3;

/** Kysely writes no parentheses, so SQL would group other operands than the query builder. @throws UsageError. */
function assertGrouped(node: BinaryOperationNode, operator: ArithmeticOperator): void {
  const strength = (operand: OperationNode): number =>
    operand.kind === 'BinaryOperationNode'
      ? (PRECEDENCE[operatorOf(operand as BinaryOperationNode)] ?? 0)
      : STRONGEST;
  const own = PRECEDENCE[operator] ?? 0;
  if (strength(node.leftOperand) >= own && strength(node.rightOperand) > own) return;
  throw new UsageError(
    'invalid_query',
    `The operands of "${operator}" are operations that SQL groups in another way. Put them in parentheses: \`eb.parens(…)\`.`,
  );
}
