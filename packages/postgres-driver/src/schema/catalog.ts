import {
  type Catalog,
  type CatalogColumn,
  type CatalogTable,
  type ForeignType,
  parseValueType,
  type ValueType,
} from '@sluice/core';
import { quoteLiteral } from '../sql/quoting.js';
import type { TextRows } from '../values/raw-result.js';

/** Tables to read beside those that a name without a schema refers to. */
export interface OtherTables {
  /** All of these schemas. */
  readonly schemas?: readonly string[] | undefined;
  /** Single ones, by name: `billing.invoice`. */
  readonly names?: readonly string[] | undefined;
}

/** Reads the tables and views of the search path, by their names, and others, by their names with the schema. */
export async function readCatalog(query: QueryCatalog, others: OtherTables = {}): Promise<Catalog> {
  const { schemas = [], names = [] } = others;
  const read = [IS_VISIBLE, ...anyOf('space.nspname', schemas), ...anyOf(QUALIFIED, names)];
  const { rows } = await query(`${TABLES} and (${read.join(' or ')}) order by ${IS_VISIBLE}, class.relname`);
  // Those of the search path are last: they keep a name that another one has too.
  return new Map(rows.map(toTable).map((table) => [table.name, table]));
}

/** Reads one table; `undefined` when there is none of this name, which may begin with its schema. */
export async function readTable(query: QueryCatalog, name: string): Promise<CatalogTable | undefined> {
  const literal = quoteLiteral(name);
  const isMeant = `(${IS_VISIBLE} and class.relname = ${literal} or ${QUALIFIED} = ${literal})`;
  const { rows } = await query(`${TABLES} and ${isMeant} order by ${QUALIFIED} = ${literal} limit 1`);
  const [row] = rows;
  return row === undefined ? undefined : toTable(row);
}

/** The names of the tables that were asked for by their schema. */
export function qualifiedNames(known: Catalog): string[] {
  return [...known.values()].flatMap(({ name, place }) => (name === place?.table ? [] : [name]));
}

/** Runs a query on the catalog and returns its rows as text. */
export type QueryCatalog = (sql: string) => Promise<Pick<TextRows, 'rows'>>;

interface TableRow {
  readonly schema: string;
  readonly table: string;
  readonly isVisible: boolean;
  readonly isView: boolean;
  readonly columns: readonly ColumnRow[];
  /** The primary key first. */
  readonly keys: readonly { readonly isPrimary: boolean; readonly columns: readonly string[] }[];
}

interface ColumnRow {
  readonly name: string;
  readonly declaredType: string;
  /** What a domain is made of; `null` for other types. */
  readonly baseType: string | null;
  /** Of an enum, also below a domain; else `null`. */
  readonly labels: readonly string[] | null;
  readonly isNullable: boolean;
  readonly hasDefault: boolean;
  readonly isGenerated: boolean;
}

function toTable([text]: readonly (string | null)[]): CatalogTable {
  const { schema, table, isVisible, isView, columns, keys }: TableRow = JSON.parse(text ?? '');
  return {
    name: isVisible ? table : `${schema}.${table}`,
    place: { schema, table },
    isView,
    columns: new Map(columns.map((column) => [column.name, toColumn(column)])),
    primaryKey: keys.find((key) => key.isPrimary)?.columns ?? [],
    uniqueKeys: keys.map((key) => key.columns),
  };
}

function toColumn({ declaredType: declared, baseType, labels, ...column }: ColumnRow): CatalogColumn {
  const declaredType = typeName(declared);
  const base = typeName(baseType ?? declared);
  const type = contractType(base);
  const foreign = type === undefined ? { foreign: foreignType(base, labels) } : {};
  return { ...column, declaredType, type, ...foreign };
}

function contractType(name: string): ValueType | undefined {
  return timeType(name) ?? parseValueType(name);
}

/** For timestamptz(3), format_type returns `timestamp(3) with time zone`. */
function typeName(formatted: string): string {
  return formatted.replace(/^timestamp(\(\d\))? with time zone$/, 'timestamptz$1');
}

/** A time is a Date, whose microseconds are not carried. One without a time zone is taken for UTC. */
function timeType(name: string): ValueType | undefined {
  const match = /^timestamp(?:tz)?(?:\(([3-6])\))?(?: without time zone)?$/.exec(name);
  if (match === null) return undefined;
  return match[1] === '3' ? { name: 'timestamptz' } : { name: 'timestamptz', hasMicroseconds: true };
}

/** What the decoders make of a type outside of the contract. */
function foreignType(name: string, labels: readonly string[] | null): ForeignType {
  if (labels !== null) return { value: 'string', labels };
  const element = name.endsWith('[]') ? contractType(typeName(name.slice(0, -2))) : undefined;
  if (element !== undefined) return { value: 'array', element };
  if (/^timestamp/.test(name)) return { value: 'Date' };
  return { value: name === 'real' || name === 'oid' ? 'number' : 'string' };
}

function anyOf(expression: string, names: readonly string[]): string[] {
  return names.length === 0 ? [] : [`${expression} in (${names.map(quoteLiteral).join(', ')})`];
}

/** Whether a name without a schema refers to the table. */
const IS_VISIBLE = 'pg_catalog.pg_table_is_visible(class.oid)';

const QUALIFIED = "space.nspname || '.' || class.relname";

/** A key is a valid unique index on plain columns that covers all rows, with or without a constraint. */
const TABLES = `
  select (json_build_object(
    'schema', space.nspname,
    'table', class.relname,
    'isVisible', ${IS_VISIBLE},
    'isView', class.relkind in ('v', 'm'),
    'columns', (
      select coalesce(json_agg(json_build_object(
        'name', attname,
        'declaredType', format_type(atttypid, atttypmod),
        'baseType', case when own.typtype = 'd' then format_type(
          coalesce(deeper.oid, base.oid), case when deeper.oid is null then own.typtypmod else base.typtypmod end) end,
        'labels', (
          select json_agg(enumlabel order by enumsortorder)
          from pg_catalog.pg_enum where enumtypid = coalesce(deeper.oid, base.oid, own.oid)
        ),
        'isNullable', not (attnotnull or own.typnotnull),
        'hasDefault', atthasdef or attidentity <> '' or own.typdefault is not null,
        'isGenerated', attgenerated <> '' or attidentity = 'a'
      ) order by attnum), '[]')
      from pg_catalog.pg_attribute join pg_catalog.pg_type own on own.oid = atttypid
      left join pg_catalog.pg_type base on own.typtype = 'd' and base.oid = own.typbasetype
      left join pg_catalog.pg_type deeper on base.typtype = 'd' and deeper.oid = base.typbasetype
      where attrelid = class.oid and attnum > 0 and not attisdropped
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
  where class.relkind in ('r', 'p', 'v', 'm', 'f')
    and space.nspname not in ('pg_catalog', 'information_schema') and space.nspname not like 'pg\\_%'`;
