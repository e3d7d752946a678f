import { type Catalog, type CatalogColumn, ConstraintError, parseValueType } from '@sluice/core';
import { toSluiceError } from './pglite-errors.js';
import type { PgliteThread, Refusal } from './pglite-thread.js';

/** Reads the tables and views of the search path. */
export async function readCatalog(thread: PgliteThread): Promise<Catalog> {
  const { rows } = await thread.run({ sql: TABLES });
  const tables = rows.map(([text]) => JSON.parse(text ?? '') as TableRow);
  return new Map(
    tables.map(({ name, isView, columns, keys }) => [
      name,
      {
        name,
        isView,
        columns: new Map(columns.map((column) => [column.name, toColumn(column)])),
        primaryKey: keys.find(({ isPrimary }) => isPrimary)?.columns ?? [],
        uniqueKeys: keys.map((key) => key.columns),
      },
    ]),
  );
}

/** The columns of constraints, which PostgreSQL's errors do not name, and which a transaction that failed can no longer ask for. */
export class PgliteConstraints {
  readonly #thread: PgliteThread;
  #columns: ReadonlyMap<string, readonly string[]> = new Map();

  constructor(thread: PgliteThread) {
    this.#thread = thread;
  }

  async read(): Promise<void> {
    const { rows } = await this.#thread.run({ sql: CONSTRAINTS });
    this.#columns = new Map(rows.map(([key, columns]) => [key ?? '', JSON.parse(columns ?? '[]')]));
  }

  /** Throws a violation again with its columns. */
  readonly nameColumns = (error: unknown): never => {
    if (!(error instanceof ConstraintError) || error.columns.length > 0) throw error;
    const refusal = error.cause as Refusal;
    throw toSluiceError(refusal, this.#columns.get(`${refusal.table}.${refusal.constraint}`));
  };
}

type ColumnRow = Omit<CatalogColumn, 'type'>;

interface TableRow {
  readonly name: string;
  readonly isView: boolean;
  readonly columns: readonly ColumnRow[];
  readonly keys: readonly { readonly isPrimary: boolean; readonly columns: readonly string[] }[];
}

function toColumn(column: ColumnRow): CatalogColumn {
  const declaredType = column.declaredType.replace(/^timestamp(\(\d\))? with time zone$/, 'timestamptz$1');
  return { ...column, declaredType, type: parseValueType(declaredType) };
}

const namesOf = (table: string, numbers: string): string => `(
  select coalesce(json_agg(attname order by position), '[]') from unnest(${numbers}) with ordinality as part(number, position)
  join pg_attribute on attrelid = ${table} and attnum = part.number)`;

const KEYS = `from pg_index where indrelid = class.oid and indisunique and indimmediate and indpred is null and indexprs is null`;

const TABLES = `
  select json_build_object(
    'name', relname,
    'isView', relkind in ('v', 'm'),
    'columns', (select coalesce(json_agg(json_build_object(
      'name', attname, 'declaredType', format_type(atttypid, atttypmod), 'isNullable', not attnotnull,
      'hasDefault', atthasdef or attidentity <> '', 'isGenerated', attgenerated <> '' or attidentity = 'a') order by attnum), '[]')
      from pg_attribute where attrelid = class.oid and attnum > 0 and not attisdropped),
    'keys', (select coalesce(json_agg(json_build_object('isPrimary', indisprimary,
      'columns', ${namesOf('indrelid', "string_to_array(indkey::text, ' ')::int2[]")}) order by indisprimary desc), '[]') ${KEYS}))
  from pg_class class where relkind in ('r', 'v', 'm') and pg_table_is_visible(oid)
    and relnamespace not in ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
  order by relname`;

/** A unique index is violated by its own name, without a constraint. */
const CONSTRAINTS = `
  select class.relname || '.' || conname, ${namesOf('conrelid', 'conkey')} from pg_constraint
  join pg_class class on class.oid = conrelid where conkey is not null
  union all
  select class.relname || '.' || index.relname, ${namesOf('indrelid', "string_to_array(indkey::text, ' ')::int2[]")}
  from pg_index join pg_class class on class.oid = indrelid join pg_class index on index.oid = indexrelid
  where indisunique and class.relnamespace <> 'pg_catalog'::regnamespace`;
