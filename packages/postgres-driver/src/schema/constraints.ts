import { isDatabaseError } from '../errors/errors.js';
import type { RawRows } from '../values/raw-result.js';

/** Finds the columns of the constraint that an error names. Best effort: resolves with an empty list when they cannot be found, and never rejects. */
export type ColumnLookup = (cause: unknown, connection: CatalogConnection) => Promise<readonly string[]>;

/** What a query on the catalog needs of a connection. */
export interface CatalogConnection {
  /** `I` outside a transaction. */
  readonly status: string | null;
  run(
    text: string,
    parameters: readonly unknown[],
    options: { readonly deadline: number },
  ): Promise<Pick<RawRows, 'rows'>>;
}

/** A connection that is opened for one lookup, and ended after it. */
export interface SpareConnection extends CatalogConnection {
  end(): Promise<void>;
}

/** How long the columns of a constraint are cached, in milliseconds; a migration in another process may change them. */
const CACHED_MS = 60_000;

interface CachedColumns {
  readonly columns: readonly string[];
  readonly at: number;
}

/**
 * Finds and caches the columns of constraints: PostgreSQL's errors name the constraint but, except for NOT NULL, not its columns. They are looked
 * up at the first violation: on the same connection when it is outside a transaction, else on a new connection, because a failed transaction
 * refuses every query.
 */
export class PostgresConstraints {
  readonly #openSpare: () => Promise<SpareConnection>;
  readonly #cache = new Map<string, CachedColumns>();

  constructor(openSpare: () => Promise<SpareConnection>) {
    this.#openSpare = openSpare;
  }

  /** The columns in their declared order; empty when the error names no constraint, or when the lookup fails. Never rejects. */
  readonly columnsOf: ColumnLookup = async (cause, connection) => {
    if (!isDatabaseError(cause) || cause.column !== undefined) return [];
    const { schema, table, constraint } = cause;
    if (schema === undefined || table === undefined || constraint === undefined) return [];
    const key = JSON.stringify([schema, table, constraint]);
    const known = this.#cache.get(key);
    if (known !== undefined && performance.now() - known.at < CACHED_MS) return known.columns;
    try {
      const columns = await this.#lookUp([schema, table, constraint], connection);
      this.#cache.set(key, { columns, at: performance.now() });
      return columns;
    } catch {
      return [];
    }
  };

  async #lookUp(names: readonly string[], connection: CatalogConnection): Promise<readonly string[]> {
    if (connection.status === 'I') return readColumns(names, connection);
    const spare = await this.#openSpare();
    try {
      return await readColumns(names, spare);
    } finally {
      await spare.end();
    }
  }
}

async function readColumns(
  names: readonly string[],
  connection: CatalogConnection,
): Promise<readonly string[]> {
  const options = { deadline: performance.now() + 2000 };
  const { rows } = await connection.run(COLUMNS_OF_CONSTRAINT, names, options);
  return rows.map(({ fields: [name] }) => name ?? '');
}

/** The error for a unique index without a constraint gives the index's name in place of the constraint's. */
const COLUMNS_OF_CONSTRAINT = `
  with place as (
    select class.oid from pg_catalog.pg_class class join pg_catalog.pg_namespace space on space.oid = class.relnamespace
    where space.nspname = $1 and class.relname = $2
  ), key as (
    select conrelid as table_id, conkey as columns from pg_catalog.pg_constraint
    where conrelid in (select oid from place) and conname = $3
    union all
    select indrelid, (string_to_array(indkey::text, ' ')::int2[])[:indnkeyatts] from pg_catalog.pg_index
    join pg_catalog.pg_class index on index.oid = indexrelid
    where indrelid in (select oid from place) and index.relname = $3
    limit 1
  )
  select attname from key cross join unnest(columns) with ordinality as part(number, position)
  join pg_catalog.pg_attribute on attrelid = table_id and attnum = part.number
  order by part.position`;
