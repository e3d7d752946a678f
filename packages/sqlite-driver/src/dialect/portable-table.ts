import { parseValueType, portableTypeError, UnsupportedError, type ValueType } from '@sluice/core';
import {
  ColumnDefinitionNode,
  type ColumnNode,
  CreateTableNode,
  DataTypeNode,
  type OperationNode,
  PrimaryKeyConstraintNode,
  RawNode,
} from 'kysely';
import { toPortableDefault } from '../schema/defaults.js';
import { quoteIdentifier } from '../sql/quoting.js';
import { BIGINT_MARK } from '../values/bigint-columns.js';
import { declaredType, storedType, typeCheck } from '../values/column-types.js';
import { typeCheckName } from '../values/type-check-name.js';

/** Makes the columns of a primary key NOT NULL, as in PostgreSQL, and moves a primary key constraint on an identity column to the column. */
export function toPortableTable(table: CreateTableNode): CreateTableNode {
  const key = table.constraints?.find((constraint) => PrimaryKeyConstraintNode.is(constraint));
  if (key === undefined) return table;
  const names = new Set(key.columns.map(nameOf));
  const columns = table.columns.map((column) =>
    names.has(nameOf(column.column)) ? ColumnDefinitionNode.cloneWith(column, { notNull: true }) : column,
  );
  const identity =
    names.size === 1
      ? columns.find((column) => names.has(nameOf(column.column)) && isIdentity(column))
      : undefined;
  if (identity === undefined) return { ...table, columns };
  return CreateTableNode.cloneWith(
    {
      ...table,
      columns: columns.map((column) =>
        column === identity ? ColumnDefinitionNode.cloneWith(column, { primaryKey: true }) : column,
      ),
      constraints: table.constraints?.filter((constraint) => constraint !== key) ?? [],
    },
    {},
  );
}

/**
 * The column as it is declared in SQLite: with a type name that has the right affinity, and a CHECK that rejects values the type cannot hold.
 * A raw SQL type is left unchanged.
 *
 * @throws UnsupportedError for a type, or an identity, that is not portable.
 */
export function toPortableColumn(column: ColumnDefinitionNode): ColumnDefinitionNode {
  const notNull = (column.notNull ?? false) || (column.primaryKey ?? false);
  if (!DataTypeNode.is(column.dataType)) return ColumnDefinitionNode.cloneWith(column, { notNull });
  const { dataType } = column.dataType;
  const portableType = parseValueType(SERIALS[dataType] ?? dataType);
  if (portableType === undefined) throw portableTypeError(dataType, 'SQLite');
  const type = storedType(portableType);
  const defaultTo = column.defaultTo && toPortableDefault(column.defaultTo, type);
  const endModifiers = [...(column.endModifiers ?? []), checkOf(column, type)];
  const portable = { ...column, notNull, endModifiers, ...(defaultTo === undefined ? {} : { defaultTo }) };
  return isIdentity(column) ? toIdentity(portable, type) : { ...portable, dataType: raw(declaredType(type)) };
}

/** The CHECK that rejects values a column of the portable `type` cannot hold. */
export function typeConstraint(column: string, type: ValueType): string {
  const name = typeCheckName(column, declaredName(type));
  return `constraint ${quoteIdentifier(name)} check (${typeCheck(type, quoteIdentifier(column))})`;
}

const SERIALS: Readonly<Record<string, string>> = { bigserial: 'bigint', serial: 'integer' };

function isIdentity({ autoIncrement, generated, dataType }: ColumnDefinitionNode): boolean {
  const isSerial = DataTypeNode.is(dataType) && dataType.dataType in SERIALS;
  return isSerial || autoIncrement === true || generated?.identity === true;
}

/** Declares an identity column. In SQLite only an `integer primary key` is assigned automatically. */
function toIdentity(column: ColumnDefinitionNode, type: ValueType): ColumnDefinitionNode {
  if (column.primaryKey !== true || (type.name !== 'integer' && type.name !== 'bigint')) {
    throw new UnsupportedError(
      `"${nameOf(column.column)}" cannot count by itself: in SQLite only an integer or bigint column that is the whole primary key does.`,
    );
  }
  const { generated: _, ...rest } = column;
  const dataType = raw(type.name === 'bigint' ? BIGINT_MARK : declaredType(type));
  return { ...rest, dataType, autoIncrement: true };
}

function checkOf({ column }: ColumnDefinitionNode, type: ValueType): OperationNode {
  return raw(typeConstraint(nameOf(column), type));
}

function declaredName({ name, length, precision, scale }: ValueType): string {
  if (length !== undefined) return `${name}(${length})`;
  return precision === undefined ? name : `${name}(${precision}, ${scale ?? 0})`;
}

function nameOf({ column }: ColumnNode): string {
  return column.name;
}

function raw(text: string): RawNode {
  return RawNode.createWithSql(text);
}
