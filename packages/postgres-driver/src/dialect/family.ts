import type { Catalog, Row, SluiceError, StatementResult } from '@sluice/core';
import { fromServerError } from '../errors/errors.js';
import type { ServerError } from '../errors/server-error.js';
import { type QueryCatalog, readCatalog } from '../schema/catalog.js';
import { type Bound, bindPortable } from '../values/parameters.js';
import { affectedRows, decodeTexts } from '../values/rows.js';
import { PostgresSql } from './database-sql.js';

/** A column of a result, as the protocol describes it. The `tableID` of a computed column is 0. */
export interface PostgresField {
  readonly name: string;
  readonly tableID: number;
  readonly columnID: number;
  readonly dataTypeID: number;
  readonly dataTypeSize: number;
  readonly dataTypeModifier: number;
  readonly format: string;
}

/** A result in the protocol's text format. */
export interface PostgresResult {
  readonly fields: readonly PostgresField[];
  readonly rows: readonly (readonly (string | null)[])[];
  /** The command tag: `INSERT 0 1`, `COMMIT`. */
  readonly tag: string;
}

/**
 * The parts that drivers of PostgreSQL-compatible engines share: column types and SQL, parameters, values, errors and the catalog. Such a driver adds
 * its own client, which sends statements and receives results as text.
 */
export class PostgresFamily {
  /** For `Database.sql`. It takes no migration lock for Kysely's own migrator, which is enough for an engine with a single connection. */
  readonly sql: PostgresSql = new PostgresSql('portable', async () => async () => {});
  #constraints: ReadonlyMap<string, readonly string[]> = new Map();

  /** Converts a statement's parameters to text, bytes and nulls. @throws ValueError, UsageError or UnsupportedError for one that cannot be sent. */
  bind(parameters: readonly unknown[]): readonly Bound[] {
    return bindPortable(parameters);
  }

  /** Decodes a whole result to the contract's values (C1). */
  decode(result: PostgresResult): StatementResult {
    const [command = ''] = result.tag.split(' ');
    const rowCount = Number(/ (\d+)$/.exec(result.tag)?.[1] ?? 0);
    return { rows: this.decodeRows(result), affectedRows: affectedRows({ command, rowCount }) };
  }

  /** Decodes some rows of a result that is received in parts. Pass the same `fields` array for each part: its decoder is cached. */
  decodeRows({ fields, rows }: Pick<PostgresResult, 'fields' | 'rows'>): Row[] {
    return decodeTexts({ fields, rows }, 'portable');
  }

  /** Converts an error of the engine to the contract's (C11). It has the columns of a violated constraint if {@link PostgresFamily.catalog} has read them. */
  error(cause: ServerError): SluiceError {
    const columns = this.#constraints.get(`${cause.table}.${cause.constraint}`);
    return fromServerError(cause, columns === undefined ? {} : { place: { columns } });
  }

  /** Reads the tables, and the columns of their constraints for {@link PostgresFamily.error}: PostgreSQL's errors do not name these columns. */
  async catalog(query: QueryCatalog): Promise<Catalog> {
    const { rows } = await query(CONSTRAINTS);
    this.#constraints = new Map(rows.map(([key, columns]) => [key ?? '', JSON.parse(columns ?? '[]')]));
    return readCatalog(query);
  }
}

const columnsOf = (table: string, numbers: string): string => `(
  select json_agg(attname order by position) from unnest(${numbers}) with ordinality as part(number, position)
  join pg_catalog.pg_attribute on attrelid = ${table} and attnum = part.number)`;

/** The error for a unique index without a constraint gives the index's name in place of the constraint's. */
const CONSTRAINTS = `
  select class.relname || '.' || conname, ${columnsOf('conrelid', 'conkey')}
  from pg_catalog.pg_constraint join pg_catalog.pg_class class on class.oid = conrelid where conkey is not null
  union all
  select class.relname || '.' || index.relname,
    ${columnsOf('indrelid', "(string_to_array(indkey::text, ' ')::int2[])[:indnkeyatts]")}
  from pg_catalog.pg_index join pg_catalog.pg_class class on class.oid = indrelid
  join pg_catalog.pg_class index on index.oid = indexrelid
  where indisunique and class.relnamespace <> 'pg_catalog'::regnamespace`;
