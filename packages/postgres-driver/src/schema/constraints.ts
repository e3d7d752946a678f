import type { ConstraintDetails } from '@sluice/core';
import { isDatabaseError } from '../errors/errors.js';
import { isTooLongForIndex } from '../errors/index-limit.js';
import { type CatalogConnection, lookupOptions } from './catalog-connection.js';
import { longIndexOf } from './long-index.js';

/**
 * Finds what an error does not tell of the constraint or index that it is about. Best effort: resolves with nothing when it cannot be found, and never
 * rejects.
 *
 * @param text the statement that failed.
 */
export type ConstraintLookup = (
  cause: unknown,
  connection: CatalogConnection,
  text?: string,
) => Promise<ConstraintDetails>;

/** A connection that is opened for one lookup, and ended after it. */
export interface SpareConnection extends CatalogConnection {
  end(): Promise<void>;
}

/** How long the columns of a constraint are cached, in milliseconds; a migration in another process may change them. */
const CACHED_MS = 60_000;

/** How many places are cached; those of statements have no bound of their own. */
const MAX_CACHED = 1000;

interface Cached {
  readonly place: ConstraintDetails;
  readonly at: number;
}

/** Finds a place with a connection that is outside a transaction. */
type LookUp = (connection: CatalogConnection) => Promise<ConstraintDetails>;

/**
 * Finds and caches the columns of constraints: PostgreSQL's errors name the constraint but, except for NOT NULL, not its columns. They are looked
 * up at the first violation: on the same connection when it is outside a transaction, else on a new connection, because a failed transaction
 * refuses every query.
 */
export class PostgresConstraints {
  readonly #openSpare: () => Promise<SpareConnection>;
  readonly #cache = new Map<string, Cached>();

  constructor(openSpare: () => Promise<SpareConnection>) {
    this.#openSpare = openSpare;
  }

  /** The columns in their declared order. */
  readonly placeOf: ConstraintLookup = async (cause, connection, text = '') => {
    if (!isDatabaseError(cause) || cause.column !== undefined) return {};
    const { schema, table, constraint } = cause;
    if (schema === undefined || table === undefined || constraint === undefined)
      return isTooLongForIndex(cause) ? this.#cached(text, connection, longIndexOf(text)) : {};
    const names = [schema, table, constraint];
    return this.#cached(JSON.stringify(names), connection, (to) => readColumns(names, to));
  };

  async #cached(key: string, connection: CatalogConnection, lookUp: LookUp): Promise<ConstraintDetails> {
    const known = this.#cache.get(key);
    if (known !== undefined && performance.now() - known.at < CACHED_MS) return known.place;
    try {
      const place = await this.#lookUp(connection, lookUp);
      if (this.#cache.size >= MAX_CACHED) this.#cache.clear();
      this.#cache.set(key, { place, at: performance.now() });
      return place;
    } catch {
      return {};
    }
  }

  async #lookUp(connection: CatalogConnection, lookUp: LookUp): Promise<ConstraintDetails> {
    if (connection.status === 'I') return lookUp(connection);
    const spare = await this.#openSpare();
    try {
      return await lookUp(spare);
    } finally {
      await spare.end();
    }
  }
}

async function readColumns(
  names: readonly string[],
  connection: CatalogConnection,
): Promise<ConstraintDetails> {
  const { rows } = await connection.run(COLUMNS_OF_CONSTRAINT, names, lookupOptions());
  return { columns: rows.map(({ fields: [name] }) => name ?? '') };
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
