import {
  AliasNode,
  CastNode,
  ColumnNode,
  DataTypeNode,
  IdentifierNode,
  type OperationNode,
  ReferenceNode,
  SelectionNode,
  SelectQueryNode,
  TableNode,
  ValueNode,
} from 'kysely';
import type { DatabaseSql } from '../driver/driver.js';
import { checkValue, type ValuePlace } from '../values/check-value.js';
import { scaledText } from '../values/scaled-text.js';
import type { ValueType, ValueTypeName } from '../values/value-type.js';
import { asText, commonType, type ExpressionType, isOwn, isWhole, NUMERIC } from './expression-type.js';
import { selectedName, selectionsOf } from './query-scopes.js';
import { expressionOf } from './typed-expression.js';

/** Brings the operands of one operation to its type. */
export class Operands {
  readonly #sql: DatabaseSql;

  constructor(sql: DatabaseSql) {
    this.#sql = sql;
  }

  /** The parameter for a value that the caller gave for an expression of `type`; other nodes unchanged. @throws ValueError. */
  encoded(node: OperationNode, type: ExpressionType): OperationNode {
    if (!ValueNode.is(node) || node.value === null || !isContractType(type)) return node;
    if (node.immediate === true) return this.#immediate(node, type);
    const place = type.place ?? COMPUTED;
    if (type.isScaled === true)
      return ValueNode.create(this.#sql.encode(this.#scaledText(node, type) ?? null, valueTypeOf(type)));
    return this.assigned(node, { name: type.name }, place, type.place === undefined);
  }

  /**
   * The type in which operands are compared: numerics of one scale that the engine has as whole numbers are compared as such, when the values that the caller
   * gave are numbers of that scale too. @throws ValueError.
   */
  formOf(nodes: readonly OperationNode[], types: readonly (ExpressionType | undefined)[]): ExpressionType {
    const isConstant = (node: OperationNode): node is ValueNode => ValueNode.is(node) && node.value !== null;
    const own = types.filter((type, index) => isOwn(type) && !isConstant(nodes[index] as OperationNode));
    const common = commonType(own) ?? NUMERIC;
    if (common.isScaled !== true) return asText(common);
    const fits = nodes.every((node, index) =>
      isConstant(node) ? this.#scaledText(node, common) !== undefined : types[index]?.name !== 'given',
    );
    return fits ? common : asText(common);
  }

  /** A given value as decimal text with exactly the scale of the type; `undefined` when it has more digits, or too many. */
  #scaledText(node: ValueNode, { place, scale = 0 }: ExpressionType): string | undefined {
    const text = checkValue(asDecimal(node.value), NUMERIC as ValueType, place ?? COMPUTED);
    return scaledText(String(text), scale);
  }

  /** The same for a column that the value is stored in, with its length and precision. @param isComputed also takes a number for a numeric. */
  assigned(node: OperationNode, type: ValueType, place: ValuePlace, isComputed = false): OperationNode {
    if (!ValueNode.is(node) || node.immediate === true || node.value === null) return node;
    const value = isComputed && type.name === 'numeric' ? asDecimal(node.value) : node.value;
    return ValueNode.create(this.#sql.encode(checkValue(value, type, place), type));
  }

  /** An operand of type `from` as one of `to`, which is the common type of several: a whole number among numerics, a numeric among doubles. */
  coerced(node: OperationNode, from: ExpressionType | undefined, to: ExpressionType): OperationNode {
    const { stored } = this.#sql;
    if (stored === undefined || from === undefined || ValueNode.is(node)) return node;
    if (from.isScaled === true && to.isScaled !== true)
      return this.coerced(
        stored.unscaled(expressionOf(node), from.scale ?? 0).toOperationNode(),
        asText(from),
        to,
      );
    if (from.name === to.name) return node;
    if (to.name === 'numeric' && isWhole(from)) return stored.numeric(expressionOf(node)).toOperationNode();
    return to.name === 'double precision' && from.name === 'numeric' ? asDouble(node) : node;
  }

  /** What stands for an operand of `type` in comparisons and orders. */
  comparable(node: OperationNode, type: ExpressionType): OperationNode {
    if (this.#sql.comparable === undefined || !isContractType(type)) return node;
    return this.#sql.comparable(expressionOf(node), valueTypeOf(type)).toOperationNode();
  }

  /** The time of an operand that meets a Date, without microseconds: as the application sees it. */
  asDate(node: OperationNode, type: ExpressionType | undefined): OperationNode {
    if (type?.hasMicroseconds !== true || this.#sql.milliseconds === undefined) return node;
    return this.#sql.milliseconds(expressionOf(node)).toOperationNode();
  }

  /** Whether values of the type are compared by another expression than themselves. */
  isCompared(type: ExpressionType | undefined): type is ExpressionType {
    return type !== undefined && this.comparable(PROBE, type) !== PROBE;
  }

  /** The one column of a query, as {@link Operands.comparable}; `undefined` when it has no name. */
  comparableColumn(
    query: SelectQueryNode,
    given: SelectQueryNode,
    from: ExpressionType,
    type: ExpressionType,
  ): OperationNode | undefined {
    const [first] = selectionsOf(given);
    const name = first === undefined ? undefined : selectedName(first.selection);
    if (name === undefined) return undefined;
    const reference = ReferenceNode.create(ColumnNode.create(name), TableNode.create(WRAPPED));
    const column = this.comparable(this.coerced(reference, from, type), type);
    return {
      ...SelectQueryNode.createFrom([AliasNode.create(query, IdentifierNode.create(WRAPPED))]),
      selections: [SelectionNode.create(AliasNode.create(column, IdentifierNode.create(name)))],
    } as SelectQueryNode;
  }

  /** A parameter of which nothing else tells the engine the type. */
  cast(node: OperationNode, { name }: ExpressionType): OperationNode {
    return this.#sql.stored === undefined ? CastNode.create(node, DataTypeNode.create(name as 'text')) : node;
  }

  #immediate(node: ValueNode, type: ExpressionType): OperationNode {
    const { name } = type;
    if (type.isScaled === true && isContractType(type))
      return ValueNode.createImmediate(
        this.#sql.encode(this.#scaledText(node, type) ?? null, valueTypeOf(type)) as bigint,
      );
    const isNumeral = name === 'numeric' && this.#sql.stored !== undefined && typeof node.value !== 'string';
    return isNumeral ? ValueNode.createImmediate(String(node.value)) : node;
  }
}

/** The type of the contract that values of the expression have. */
export function valueTypeOf({
  name,
  isScaled,
  scale,
}: ExpressionType & { readonly name: ValueTypeName }): ValueType {
  return isScaled === true && scale !== undefined ? { name, scale, isScaled } : { name };
}

/** The name of a query that core puts around another one. */
export const WRAPPED = 'sluice';

const PROBE = ValueNode.createImmediate(0);

/** Named in the message for a value that meets an expression. */
const COMPUTED: ValuePlace = { table: 'query', column: 'expression' };

export function asDouble(node: OperationNode): OperationNode {
  return CastNode.create(node, DataTypeNode.create('double precision'));
}

export function isContractType(
  type: ExpressionType,
): type is ExpressionType & { readonly name: ValueTypeName } {
  return isOwn(type) && type.name !== 'whole';
}

/** A number for a computed numeric; for a column the contract asks for a string, so that no digit is lost on the way. */
function asDecimal(value: unknown): unknown {
  const isExact = typeof value === 'bigint' || (typeof value === 'number' && Number.isFinite(value));
  return isExact ? String(value) : value;
}
