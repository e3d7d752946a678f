import type { Catalog, CatalogColumn, CatalogTable, DatabaseTransaction, Row } from '@sluice/core';
import { markedColumns } from '../values/bigint-columns.js';
import { portableType } from '../values/column-types.js';

const TABLES = `
  select name, type, sql from sqlite_schema
  where type in ('table', 'view') and name not like 'sqlite\\_%' escape '\\' order by name`;

const COLUMNS = `
  select s.name as "table", c.name as "column", c.type as "declared", c."notnull", c.dflt_value is not null as "hasDefault", c.pk, c.hidden
  from sqlite_schema s, pragma_table_xinfo(s.name) c
  where s.type in ('table', 'view') and s.name not like 'sqlite\\_%' escape '\\' and c.hidden <> 1
  order by s.name, c.cid`;

/** Unique indexes on plain columns without a WHERE. The primary key has one, unless it is the rowid. */
const KEYS = `
  select s.name as "table", i.name as "index", c.name as "column"
  from sqlite_schema s, pragma_index_list(s.name) i, pragma_index_info(i.name) c
  where s.type = 'table' and i."unique" = 1 and i.partial = 0
    and not exists (select 1 from pragma_index_info(i.name) where name is null)
  order by s.name, i.origin <> 'pk', i.seq, c.seqno`;

/** What the catalog is read with: a transaction, or the database itself. */
export type CatalogReader = Pick<DatabaseTransaction, 'execute'>;

/** SQLite's count of schema changes, which every change of the schema raises. */
export const SCHEMA_VERSION = 'pragma schema_version';

/** The statements that {@link toCatalog} needs the rows of, all from one snapshot. */
export const CATALOG_STATEMENTS: readonly string[] = [TABLES, COLUMNS, KEYS];

/** The version in the rows of {@link SCHEMA_VERSION}. */
export function toSchemaVersion([row]: readonly Row[]): number {
  return Number(row?.schema_version);
}

/** The tables and views, from the rows of {@link CATALOG_STATEMENTS}. */
export function toCatalog([
  tables = [],
  columnRows = [],
  keyRows = [],
]: readonly (readonly Row[])[]): Catalog {
  const columns = groupByTable(columnRows);
  const keys = groupByTable(keyRows);
  return new Map(
    tables.map((row) => {
      const name = String(row.name);
      return [name, toTable(row, columns.get(name) ?? [], keys.get(name) ?? [])];
    }),
  );
}

function groupByTable(rows: readonly Row[]): Map<string, Row[]> {
  return Map.groupBy(rows, (row) => String(row.table));
}

function toTable(table: Row, columns: readonly Row[], keys: readonly Row[]): CatalogTable {
  const marked = new Set(markedColumns(String(table.sql)));
  const primaryKey = columns
    .filter((column) => Number(column.pk) > 0)
    .sort((left, right) => Number(left.pk) - Number(right.pk));
  const rowidAlias = rowidAliasOf(primaryKey);
  return {
    name: String(table.name),
    isView: table.type === 'view',
    columns: new Map(
      columns.map((column) => [String(column.column), toColumn(column, marked, column === rowidAlias)]),
    ),
    primaryKey: primaryKey.map(columnName),
    uniqueKeys: uniqueKeys(primaryKey, keys),
  };
}

/** The column that is an alias of the rowid: SQLite assigns it when an insert omits it. */
function rowidAliasOf(primaryKey: readonly Row[]): Row | undefined {
  const [only, another] = primaryKey;
  return another === undefined && String(only?.declared).toLowerCase() === 'integer' ? only : undefined;
}

function toColumn(row: Row, marked: ReadonlySet<string>, isRowidAlias: boolean): CatalogColumn {
  const name = columnName(row);
  const declaredType = String(row.declared);
  const isGenerated = Number(row.hidden) >= 2;
  return {
    name,
    type: marked.has(name) ? { name: 'bigint' } : portableType(declaredType),
    declaredType,
    isNullable: Number(row.notnull) === 0 && !isRowidAlias,
    hasDefault: row.hasDefault === 1 || isRowidAlias || isGenerated,
    isGenerated,
  };
}

function uniqueKeys(primaryKey: readonly Row[], keys: readonly Row[]): string[][] {
  const byIndex = [...Map.groupBy(keys, (key) => String(key.index)).values()].map((key) =>
    key.map(columnName),
  );
  const primary = primaryKey.map(columnName);
  const hasOwnIndex = byIndex.some((key) => key.join('\0') === primary.join('\0'));
  return primary.length === 0 || hasOwnIndex ? byIndex : [primary, ...byIndex];
}

function columnName(row: Row): string {
  return String(row.column);
}
