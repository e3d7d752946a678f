import {
  DefaultInsertValueNode,
  type OperationNode,
  PrimitiveValueListNode,
  ValueListNode,
  ValueNode,
  type ValuesNode,
} from 'kysely';
import type { ValuePlace } from '../values/check-value.js';
import type { ValueType } from '../values/value-type.js';
import { encodeForeign } from './encode-foreign.js';
import { type ExpressionType, isOwn, isWhole, NUMERIC } from './expression-type.js';
import { AS_TEXT } from './hidden-forms.js';
import { columnName } from './query-scopes.js';
import { expressionOf } from './typed-expression.js';
import type { Walk } from './walk.js';

/** A column whose type is one of the contract's. */
export interface TypedColumn extends ValuePlace {
  readonly type: ValueType;
  readonly hasDefault: boolean;
}

type ValuesItemNode = ValuesNode['values'][number];

/** The column of the database that the node names, when its type is one of the contract's. */
export function typedColumn(walk: Walk, node: OperationNode): TypedColumn | undefined {
  const found = walk.scopes.named(node);
  const place = found?.type?.place;
  if (found?.stored?.type === undefined || place === undefined) return undefined;
  return { ...place, type: found.stored.type, hasDefault: found.stored.hasDefault };
}

/** An array given for a column of arrays, encoded; other nodes unchanged. */
export function assignedArray(walk: Walk, column: OperationNode, value: OperationNode): OperationNode {
  if (!ValueNode.is(value) || value.immediate === true || !Array.isArray(value.value)) return value;
  const found = walk.scopes.named(column);
  if (found?.stored?.foreign?.element === undefined) return value;
  const place = { table: columnName(column)?.table ?? 'query', column: found.stored.name };
  return ValueNode.create(encodeForeign(walk.sql, found.stored, value.value, place));
}

/** A row of an INSERT with encoded values. */
export function insertedRow(
  walk: Walk,
  row: ValuesItemNode,
  columns: readonly OperationNode[],
  targets: readonly (TypedColumn | undefined)[],
): ValuesItemNode {
  const members = rowMembers(row);
  if (members === undefined) return row;
  return ValueListNode.create(
    members.map((member, index) => {
      const target = targets[index];
      const column = columns[index];
      if (target === undefined) return column === undefined ? member : assignedArray(walk, column, member);
      // The row omits a column that other rows have. Without a default that means NULL; SQLite has no DEFAULT keyword here.
      if (DefaultInsertValueNode.is(member) && !target.hasDefault) return ValueNode.create(null);
      return walk.operands.assigned(member, target.type, target);
    }),
  );
}

function rowMembers(row: OperationNode): readonly OperationNode[] | undefined {
  if (PrimitiveValueListNode.is(row)) return row.values.map((value) => ValueNode.create(value));
  return ValueListNode.is(row) ? row.values : undefined;
}

/** An expression as the column stores it: a numeric with the column's scale. @throws UsageError `untyped_expression`. */
export function assigned(
  walk: Walk,
  given: OperationNode,
  made: OperationNode,
  target: TypedColumn,
): OperationNode {
  const { stored } = walk.sql;
  const type = walk.types.of(given);
  if (stored === undefined || type === undefined || !isOwn(type)) return made;
  const { name, scale } = target.type;
  if (name === 'numeric' && (type.name === 'numeric' || isWhole(type))) {
    const numeric = walk.operands.coerced(made, type, NUMERIC);
    const isFitting = scale === undefined || (type.name === 'numeric' && type.scale === scale);
    return isFitting ? numeric : stored.rescaled(expressionOf(numeric), scale).toOperationNode();
  }
  assertStorable(walk, given, type, target);
  return made;
}

function assertStorable(walk: Walk, given: OperationNode, type: ExpressionType, target: TypedColumn): void {
  const { column, table, type: to } = target;
  if (type.name === to.name || AS_TEXT.has(type.name) || !walk.forms.isOpaque(type)) return;
  throw walk.forms.untyped(given, type, `stored in "${table}"."${column}", which is ${to.name}`);
}
