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
import type { ValueType, ValueTypeName } from '../values/value-type.js';
import { type ExpressionType, isOwn, isWhole } from './expression-type.js';
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
    return this.assigned(node, { name: type.name }, type.place ?? COMPUTED, type.place === undefined);
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
    if (stored === undefined || from === undefined || from.name === to.name || ValueNode.is(node))
      return node;
    if (to.name === 'numeric' && isWhole(from)) return stored.numeric(expressionOf(node)).toOperationNode();
    return to.name === 'double precision' && from.name === 'numeric' ? asDouble(node) : node;
  }

  /** What stands for an operand of `type` in comparisons and orders. */
  comparable(node: OperationNode, type: ExpressionType): OperationNode {
    if (this.#sql.comparable === undefined || !isContractType(type)) return node;
    return this.#sql.comparable(expressionOf(node), { name: type.name }).toOperationNode();
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
    type: ExpressionType,
  ): OperationNode | undefined {
    const [first] = selectionsOf(given);
    const name = first === undefined ? undefined : selectedName(first.selection);
    if (name === undefined) return undefined;
    const column = this.comparable(
      ReferenceNode.create(ColumnNode.create(name), TableNode.create(WRAPPED)),
      type,
    );
    return {
      ...SelectQueryNode.createFrom([AliasNode.create(query, IdentifierNode.create(WRAPPED))]),
      selections: [SelectionNode.create(AliasNode.create(column, IdentifierNode.create(name)))],
    } as SelectQueryNode;
  }

  /** A parameter of which nothing else tells the engine the type. */
  cast(node: OperationNode, { name }: ExpressionType): OperationNode {
    return this.#sql.stored === undefined ? CastNode.create(node, DataTypeNode.create(name as 'text')) : node;
  }

  #immediate(node: ValueNode, { name }: ExpressionType): OperationNode {
    const isNumeral = name === 'numeric' && this.#sql.stored !== undefined && typeof node.value !== 'string';
    return isNumeral ? ValueNode.createImmediate(String(node.value)) : node;
  }
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
