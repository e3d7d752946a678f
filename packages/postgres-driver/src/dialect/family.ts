import type { Catalog, Row, SluiceError, StatementResult } from '@sluice/core';
import { fromServerError, type ServerError } from '../errors/errors.js';
import { type QueryCatalog, readCatalog } from '../schema/catalog.js';
import { type Bound, bindPortable } from '../values/parameters.js';
import { affectedRows, decodeTexts } from '../values/rows.js';
import { PostgresSql } from './database-sql.js';

/** A column of a result, as the protocol describes it. One that is computed belongs to no table: its `tableID` is 0. */
export interface PostgresField {
  readonly name: string;
  readonly tableID: number;
  readonly columnID: number;
  readonly dataTypeID: number;
  readonly dataTypeSize: number;
  readonly dataTypeModifier: number;
  readonly format: string;
}

/** A result as the protocol sends it, every value as text. */
export interface PostgresResult {
  readonly fields: readonly PostgresField[];
  readonly rows: readonly (readonly (string | null)[])[];
  /** Of the whole command: `INSERT 0 1`, `COMMIT`. */
  readonly tag: string;
}

/**
 * The PostgreSQL side of a driver for another engine of its family, which reaches it in its own way: column types and queries, values,
 * errors and the catalog. What is left to the driver is to send statements and to receive results as text.
 */
export class PostgresFamily {
  /** For `Database.sql`. Kysely's own migrator gets no lock: it suits an engine with one connection. */
  readonly sql: PostgresSql = new PostgresSql('portable', async () => async () => {});
  #constraints: ReadonlyMap<string, readonly string[]> = new Map();

  /** @throws ValueError, UsageError or UnsupportedError for what cannot be sent. */
  bind(parameters: readonly unknown[]): readonly Bound[] {
    return bindPortable(parameters);
  }

  /** A whole result, its values those of the contract (C1). */
  decode(result: PostgresResult): StatementResult {
    const [command = ''] = result.tag.split(' ');
    const rowCount = Number(/ (\d+)$/.exec(result.tag)?.[1] ?? 0);
    return { rows: this.decodeRows(result), affectedRows: affectedRows({ command, rowCount }) };
  }

  /** Rows of a result that comes in parts. Give the same `fields` for each. */
  decodeRows({ fields, rows }: Pick<PostgresResult, 'fields' | 'rows'>): Row[] {
    return decodeTexts({ fields, rows }, 'portable');
  }

  /** The contract's error (C11) for one that the engine raised, with the columns of a violated constraint as far as the catalog was read. */
  error(cause: ServerError): SluiceError {
    const columns = this.#constraints.get(`${cause.table}.${cause.constraint}`);
    return fromServerError(cause, columns === undefined ? {} : { columns });
  }

  /** Reads the tables, and the columns of their constraints, which PostgreSQL's errors do not name and a failed transaction cannot ask for. */
  async catalog(query: QueryCatalog): Promise<Catalog> {
    const { rows } = await query(CONSTRAINTS);
    this.#constraints = new Map(rows.map(([key, columns]) => [key ?? '', JSON.parse(columns ?? '[]')]));
    return readCatalog(query);
  }
}

const columnsOf = (table: string, numbers: string): string => `(
  select json_agg(attname order by position) from unnest(${numbers}) with ordinality as part(number, position)
  join pg_catalog.pg_attribute on attrelid = ${table} and attnum = part.number)`;

/** A unique index is violated by its own name, without a constraint. */
const CONSTRAINTS = `
  select class.relname || '.' || conname, ${columnsOf('conrelid', 'conkey')}
  from pg_catalog.pg_constraint join pg_catalog.pg_class class on class.oid = conrelid where conkey is not null
  union all
  select class.relname || '.' || index.relname,
    ${columnsOf('indrelid', "(string_to_array(indkey::text, ' ')::int2[])[:indnkeyatts]")}
  from pg_catalog.pg_index join pg_catalog.pg_class class on class.oid = indrelid
  join pg_catalog.pg_class index on index.oid = indexrelid
  where indisunique and class.relnamespace <> 'pg_catalog'::regnamespace`;
