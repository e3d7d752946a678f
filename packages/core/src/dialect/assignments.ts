import {
  DefaultInsertValueNode,
  type InsertQueryNode,
  type OperationNode,
  PrimitiveValueListNode,
  RawNode,
  SelectionNode,
  type SelectQueryNode,
  ValueListNode,
  ValueNode,
  type ValuesNode,
} from 'kysely';
import type { ValuePlace } from '../values/check-value.js';
import type { ValueType } from '../values/value-type.js';
import { encodeForeign } from './encode-foreign.js';
import { asText, type ExpressionType, isNumber, isOwn, isWhole, NUMERIC } from './expression-type.js';
import { unwrapped } from './expression-types.js';
import { AS_TEXT } from './hidden-forms.js';
import { columnName, type FoundColumn } from './query-scopes.js';
import { convertedQuery, toForm } from './scaled-numerics.js';
import { expressionOf, isNative } from './typed-expression.js';
import type { Walk } from './walk.js';

/** A column whose type is one of the contract's. */
export interface TypedColumn extends ValuePlace {
  readonly type: ValueType;
  readonly hasDefault: boolean;
}

type ValuesItemNode = ValuesNode['values'][number];

/** The column of the database that the node names, when its type is one of the contract's. */
export function typedColumn(walk: Walk, node: OperationNode): TypedColumn | undefined {
  return typedColumnOf(walk.scopes.named(node));
}

function typedColumnOf(found: FoundColumn | undefined): TypedColumn | undefined {
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

/** Expressions in a row of an INSERT as their columns store them. @param made the row `given`, transformed. */
export function insertedNumerics(
  walk: Walk,
  given: ValuesItemNode,
  made: ValuesItemNode,
  targets: readonly (TypedColumn | undefined)[],
): ValuesItemNode {
  if (!ValueListNode.is(given) || !ValueListNode.is(made)) return made;
  const values = made.values.map((member, index) => {
    const [expression, target] = [given.values[index], targets[index]];
    const isMeant = target?.type.name === 'numeric' && expression !== undefined;
    return isMeant && !DefaultInsertValueNode.is(expression)
      ? assigned(walk, expression, member, target)
      : member;
  });
  return ValueListNode.create(values);
}

/** The query of an INSERT with numerics as their columns store them. @param made the query, transformed. */
export function insertedQuery(
  walk: Walk,
  { columns, values }: InsertQueryNode,
  made: OperationNode,
): OperationNode {
  if (values === undefined || walk.sql.stored === undefined) return made;
  const targets = columns?.map((column) => typedColumn(walk, column)) ?? allColumns(walk);
  return convertedQuery(made, values, walk.scopes.columnList(values), (type, index) => {
    const target = targets[index];
    if (target?.type.name !== 'numeric') return toForm(walk, type, undefined);
    const isStored =
      type?.isScaled === true && target.type.isScaled === true && type.scale === target.type.scale;
    return isStored ? undefined : (node) => stored(walk, values, { made: node, type }, target);
  });
}

/** The columns of the table of an INSERT that names none. */
function allColumns(walk: Walk): readonly (TypedColumn | undefined)[] {
  const all = { kind: 'SelectQueryNode', selections: [SelectionNode.createSelectAll()] } as SelectQueryNode;
  return walk.scopes
    .ownColumns(all)
    .filter(([, column]) => column.stored?.isGenerated !== true)
    .map(([, column]) => typedColumnOf(column));
}

/** An expression as the column stores it: a numeric with the column's scale. @throws UsageError `untyped_expression`. */
export function assigned(
  walk: Walk,
  given: OperationNode,
  made: OperationNode,
  target: TypedColumn,
): OperationNode {
  if (ValueNode.is(given) && given.immediate !== true) return made;
  const raw = unwrapped(given);
  if (RawNode.is(raw) && isNative(raw)) return made;
  return stored(walk, given, { made, type: walk.types.of(given) }, target);
}

interface Assigned {
  readonly made: OperationNode;
  readonly type: ExpressionType | undefined;
}

function stored(
  walk: Walk,
  given: OperationNode,
  { made, type }: Assigned,
  target: TypedColumn,
): OperationNode {
  const { stored } = walk.sql;
  if (stored === undefined) return made;
  if (target.type.isScaled === true) return storedScaled(walk, given, { made, type }, target);
  if (type === undefined || !isOwn(type)) return made;
  const { name, scale } = target.type;
  if (name === 'numeric' && (type.name === 'numeric' || isWhole(type))) {
    const numeric = walk.operands.coerced(made, type, NUMERIC);
    const isFitting = scale === undefined || (type.name === 'numeric' && type.scale === scale);
    return isFitting ? numeric : stored.rescaled(expressionOf(numeric), scale).toOperationNode();
  }
  assertStorable(walk, given, type, target);
  return walk.operands.coerced(made, type, asText(type));
}

/** A number as the whole number that the column stores. What has no type is refused: 12 would be 0.12. */
function storedScaled(
  walk: Walk,
  given: OperationNode,
  { made, type }: Assigned,
  { type: { scale = 0 }, ...target }: TypedColumn,
): OperationNode {
  if (type?.name === 'null') return made;
  if (type?.isScaled === true && type.scale === scale) return made;
  if (type === undefined || !(type.name === 'given' || isNumber(type)))
    throw walk.forms.untyped(
      given,
      type ?? NUMERIC,
      `stored in "${target.table}"."${target.column}", and ${type === undefined ? 'its type is not known' : 'no number'}`,
    );
  const number = type.isScaled === true ? walk.operands.coerced(made, type, asText(type)) : made;
  return walk.sql.stored?.scaled(expressionOf(number), scale).toOperationNode() ?? made;
}

function assertStorable(walk: Walk, given: OperationNode, type: ExpressionType, target: TypedColumn): void {
  const { column, table, type: to } = target;
  if (type.name === to.name || AS_TEXT.has(type.name) || !walk.forms.isOpaque(type)) return;
  throw walk.forms.untyped(given, type, `stored in "${table}"."${column}", which is ${to.name}`);
}
