import {
  parseValueType,
  portableTypeError,
  UnsupportedError,
  UsageError,
  type ValueType,
} from '@sluice/core';
import {
  type AddColumnNode,
  type AlterColumnNode,
  ColumnDefinitionNode,
  DataTypeNode,
  DefaultValueNode,
  type DropColumnNode,
  type OperationNode,
} from 'kysely';
import { typeConstraint } from '../dialect/portable-table.js';
import { toPortableDefault } from '../schema/defaults.js';
import { listedColumns } from '../schema/table-clauses.js';
import { type ColumnDefinition, clausesOf } from '../schema/table-definition.js';
import { quoteIdentifier } from '../sql/quoting.js';
import { keyword } from '../sql/tokens.js';
import { BIGINT_MARK } from '../values/bigint-columns.js';
import { declaredType, storedType } from '../values/column-types.js';
import type { CompileNode } from './compile-node.js';
import { dropConstraintsOn } from './constraint-changes.js';
import type { TableChange } from './table-change.js';
import { type Conversion, conversionBetween } from './type-conversion.js';

/** Adds a column; with IF NOT EXISTS, only when there is none of that name. */
export function addColumn(change: TableChange, { column }: AddColumnNode, compile: CompileNode): void {
  const { ifNotExists, ...definition } = column;
  if (ifNotExists && change.definition.column(column.column.column.name) !== undefined) return;
  change.definition = change.definition.addColumn(compile(ColumnDefinitionNode.cloneWith(definition, {})));
}

/** Drops a column with the constraints that involve it. */
export function dropColumn(change: TableChange, { column, ifExists }: DropColumnNode): void {
  const { name } = column.column;
  if (ifExists && change.definition.column(name) === undefined) return;
  const { name: written } = change.column(name);
  dropConstraintsOn(change, written);
  change.definition = change.definition.removeColumn(change.column(written));
  change.dropped.add(written.toLowerCase());
}

/**
 * Alters the type, the default or the nullability of a column.
 *
 * @throws UsageError or UnsupportedError; the change must then be discarded.
 */
export function alterColumn(change: TableChange, node: AlterColumnNode, compile: CompileNode): void {
  const column = change.column(node.column.column.name);
  change.assertStored(column);
  if (node.dataType !== undefined) setDataType(change, column, node.dataType, compile);
  if (node.setDefault !== undefined) setDefault(change, column, node.setDefault, compile);
  if (node.dropDefault) change.removeAll(column.name, 'default');
  if (node.setNotNull) change.setNotNull(column.name);
  if (node.dropNotNull) dropNotNull(change, column);
}

function setDataType(
  change: TableChange,
  column: ColumnDefinition,
  dataType: OperationNode,
  compile: CompileNode,
): void {
  if (!DataTypeNode.is(dataType)) {
    setRawType(change, column, compile(dataType));
    return;
  }
  const portableType = parseValueType(dataType.dataType);
  if (portableType === undefined) throw portableTypeError(dataType.dataType, 'SQLite');
  const type = storedType(portableType);
  const convert = conversionBetween(change.type(column), type, column.name);
  change.values.set(column.name, convert(change.values.get(column.name) ?? quoteIdentifier(column.name)));
  convertDefault(change, column.name, convert);
  removeTypeCheck(change, column.name);
  const declared = isIdentity(column) ? identityType(column, type) : declaredType(type);
  change.definition = change.definition.setType(change.column(column.name), declared);
  change.addClause(column.name, typeConstraint(column.name, type));
}

/** Sets a raw SQL type, which is declared as written. SQLite's affinity converts the values. */
function setRawType(change: TableChange, column: ColumnDefinition, declared: string): void {
  removeTypeCheck(change, column.name);
  change.definition = change.definition.setType(change.column(column.name), declared);
}

function removeTypeCheck(change: TableChange, name: string): void {
  const check = change.typeCheck(change.column(name));
  if (check !== undefined) change.definition = change.definition.removeClause(check);
}

/** Converts the default in the same way as the values. */
function convertDefault(change: TableChange, name: string, convert: Conversion): void {
  const [clause] = clausesOf(change.column(name), 'default');
  const [first, last] = [clause?.tokens[1], clause?.tokens.at(-1)];
  if (first === undefined || last === undefined) return;
  const value = change.definition.sql.slice(first.from, last.to);
  const converted = convert(value);
  if (converted === value) return;
  change.removeAll(name, 'default');
  change.addClause(name, `default (${converted})`);
}

function setDefault(
  change: TableChange,
  column: ColumnDefinition,
  value: OperationNode,
  compile: CompileNode,
): void {
  const type = change.type(column);
  const node = DefaultValueNode.create(value);
  change.removeAll(column.name, 'default');
  change.addClause(column.name, compile(type === undefined ? node : toPortableDefault(node, type)));
}

function dropNotNull(change: TableChange, column: ColumnDefinition): void {
  const keys = change.definition.constraints.filter(({ kind }) => kind === 'primary key');
  const isKey =
    clausesOf(column, 'primary key').length > 0 ||
    keys.some((key) => listedColumns(key).some((name) => name.toLowerCase() === column.name.toLowerCase()));
  if (isKey) {
    throw new UsageError(
      'invalid_query',
      `"${column.name}" is in the primary key of "${change.definition.name}", so it holds no NULL.`,
    );
  }
  change.removeAll(column.name, 'not null');
}

function isIdentity(column: ColumnDefinition): boolean {
  return clausesOf(column, 'primary key').some(({ tokens }) =>
    tokens.some((token) => keyword(token) === 'AUTOINCREMENT'),
  );
}

/** The declared type of an identity column. In SQLite only an `integer primary key` is assigned automatically. */
function identityType(column: ColumnDefinition, type: ValueType): string {
  if (type.name === 'bigint') return BIGINT_MARK;
  if (type.name === 'integer') return declaredType(type);
  throw new UnsupportedError(
    `"${column.name}" counts by itself, which in SQLite only an integer or a bigint does; it cannot become ${type.name}.`,
  );
}
