import { type Catalog, type CatalogColumn, type CatalogTable, parseValueType } from '@sluice/core';
import { quoteLiteral } from '../sql/quoting.js';
import type { TextRows } from '../values/raw-result.js';

/** Reads the tables and views that an unqualified name can refer to: those in the search path. */
export async function readCatalog(query: QueryCatalog): Promise<Catalog> {
  const { rows } = await query(`${TABLES} order by class.relname`);
  return new Map(rows.map(toTable).map((table) => [table.name, table]));
}

/** Reads one of them; `undefined` when there is no such table. */
export async function readTable(query: QueryCatalog, name: string): Promise<CatalogTable | undefined> {
  const { rows } = await query(`${TABLES} and class.relname = ${quoteLiteral(name)}`);
  const [row] = rows;
  return row === undefined ? undefined : toTable(row);
}

/** Runs a query on the catalog and returns its rows as text. */
export type QueryCatalog = (sql: string) => Promise<Pick<TextRows, 'rows'>>;

interface TableRow {
  readonly name: string;
  readonly isView: boolean;
  readonly columns: readonly ColumnRow[];
  /** The primary key first. */
  readonly keys: readonly { readonly isPrimary: boolean; readonly columns: readonly string[] }[];
}

interface ColumnRow {
  readonly name: string;
  readonly declaredType: string;
  readonly isNullable: boolean;
  readonly hasDefault: boolean;
  readonly isGenerated: boolean;
}

function toTable([text]: readonly (string | null)[]): CatalogTable {
  const { name, isView, columns, keys }: TableRow = JSON.parse(text ?? '');
  return {
    name,
    isView,
    columns: new Map(columns.map((column) => [column.name, toColumn(column)])),
    primaryKey: keys.find((key) => key.isPrimary)?.columns ?? [],
    uniqueKeys: keys.map((key) => key.columns),
  };
}

function toColumn(column: ColumnRow): CatalogColumn {
  // For timestamptz(3), format_type returns `timestamp(3) with time zone`.
  const declaredType = column.declaredType.replace(/^timestamp(\(\d\))? with time zone$/, 'timestamptz$1');
  return { ...column, declaredType, type: parseValueType(declaredType) };
}

/** A key is a valid unique index on plain columns that covers all rows, with or without a constraint. */
const TABLES = `
  select (json_build_object(
    'name', class.relname,
    'isView', class.relkind in ('v', 'm'),
    'columns', (
      select coalesce(json_agg(json_build_object(
        'name', attname,
        'declaredType', format_type(atttypid, atttypmod),
        'isNullable', not attnotnull,
        'hasDefault', atthasdef or attidentity <> '',
        'isGenerated', attgenerated <> '' or attidentity = 'a'
      ) order by attnum), '[]')
      from pg_catalog.pg_attribute where attrelid = class.oid and attnum > 0 and not attisdropped
    ),
    'keys', (
      select coalesce(json_agg(json_build_object('isPrimary', indisprimary, 'columns', (
        select json_agg(attname order by part.position)
        from unnest((string_to_array(indkey::text, ' ')::int2[])[:indnkeyatts]) with ordinality as part(number, position)
        join pg_catalog.pg_attribute on attrelid = indrelid and attnum = part.number
      )) order by indisprimary desc, indexrelid), '[]')
      from pg_catalog.pg_index
      where indrelid = class.oid and indisunique and indisvalid and indimmediate and indpred is null and indexprs is null
    )
  ))::text as "table"
  from pg_catalog.pg_class class join pg_catalog.pg_namespace space on space.oid = class.relnamespace
  where class.relkind in ('r', 'p', 'v', 'm', 'f') and pg_catalog.pg_table_is_visible(class.oid)
    and space.nspname not in ('pg_catalog', 'information_schema') and space.nspname not like 'pg\\_%'`;
