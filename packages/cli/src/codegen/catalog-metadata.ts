import type { Catalog, CatalogColumn, CatalogTable } from '@sluice/core';
import {
  ArrayExpressionNode,
  type ColumnMetadataOptions,
  type ColumnOverrides,
  DatabaseMetadata,
  type ExpressionNode,
  GenericExpressionNode,
  IdentifierNode,
  LiteralNode,
  UnionExpressionNode,
} from 'kysely-codegen';
import { typeNode } from './column-types.js';
import { compareNames } from './compare-names.js';
import { toSymbolName } from './symbol-names.js';

/** A catalog in the data structures of kysely-codegen. */
export interface DescribedCatalog {
  readonly metadata: DatabaseMetadata;
  /** The types of columns that can be read but not written, or that have a type outside of the contract, by `table.column`. */
  readonly overrides: ColumnOverrides;
  readonly unknownColumns: readonly string[];
}

/** The tables in which Kysely and Sluice record migrations are not part of the application's schema. */
const INTERNAL = /^(?:kysely|sluice)_migration/;

/** Converts a catalog into the metadata that kysely-codegen would read from the database. */
export function describeCatalog(catalog: Catalog): DescribedCatalog {
  const tables = [...catalog.values()]
    .filter(({ name }) => !INTERNAL.test(name))
    .sort((a, b) => compareNames(a.name, b.name));
  const columns = tables.flatMap((table) => columnsOf(table).map((column) => ({ table, column })));
  return {
    metadata: new DatabaseMetadata({
      tables: tables.map((table) => ({
        name: toSymbolName(table.name),
        isView: table.isView,
        columns: columnsOf(table).map(describeColumn),
      })),
    }),
    overrides: Object.fromEntries(
      columns
        .filter(({ column }) => column.isGenerated || column.foreign !== undefined)
        .map(({ table, column }) => [`${toSymbolName(table.name)}.${column.name}`, columnNode(column)]),
    ),
    unknownColumns: columns
      .filter(({ column }) => column.type === undefined && column.foreign === undefined)
      .map(
        ({ table, column }) =>
          `${table.name}.${column.name} has the type "${column.declaredType}", which is none of the contract's; it is written as unknown.`,
      ),
  };
}

function columnsOf(table: CatalogTable): CatalogColumn[] {
  const columns = [...table.columns.values()];
  // A view is read-only. No engine reports whether a column of a view can be NULL.
  return table.isView
    ? columns.map((column) => ({ ...column, isGenerated: true, isNullable: true }))
    : columns;
}

function describeColumn({
  name,
  type,
  isNullable,
  hasDefault,
  isGenerated,
}: CatalogColumn): ColumnMetadataOptions {
  return {
    name,
    dataType: type?.name ?? 'unknown',
    // An override says it itself.
    isNullable: isNullable && type !== undefined && !isGenerated,
    hasDefaultValue: hasDefault,
  };
}

function columnNode(column: CatalogColumn): ExpressionNode {
  const { isNullable, isGenerated, hasDefault, type, foreign } = column;
  const value = valueNode(column);
  const isUnion = isNullable && (type !== undefined || foreign !== undefined);
  const selected = isUnion ? new UnionExpressionNode([value, new IdentifierNode('null')]) : value;
  if (!isGenerated && !hasDefault) return selected;
  return new GenericExpressionNode(isGenerated ? 'GeneratedAlways' : 'Generated', [selected]);
}

/** A type outside of the contract is what the driver gives; an enum is one of its labels. */
function valueNode({ type, foreign }: CatalogColumn): ExpressionNode {
  if (foreign === undefined) return typeNode(type?.name);
  const { value, labels = [], element } = foreign;
  if (element !== undefined)
    return new ArrayExpressionNode(
      new UnionExpressionNode([typeNode(element.name), new IdentifierNode('null')]),
    );
  if (labels.length === 0) return new IdentifierNode(value);
  return new UnionExpressionNode(labels.map((label) => new LiteralNode(label)));
}
