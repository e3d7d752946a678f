import { DatabaseDialect, InternalError } from '@sluice/core';
import type { Dialect } from 'kysely';
import { PostgresSql } from './dialect/database-sql.js';
import { orEngineError, withEngineErrors } from './dialect/engine-errors.js';
import {
  assertPostgresOptions,
  type PostgresDialectOptions,
  resolvePostgresConfig,
} from './options/options.js';
import type { PostgresDatabase } from './postgres-database.js';
import { openPostgres } from './postgres-driver.js';

/**
 * A Kysely dialect on the driver's pool, for any code that uses Kysely. It connects at the first query. All Kysely instances that it is given to share the pool,
 * which ends with the last one's `destroy()`.
 *
 * ```ts
 * const db = new Kysely<DB>({ dialect: postgresDialect({ url: 'postgres://app@localhost/app' }) });
 * ```
 */
export function postgresDialect(options: PostgresDialectOptions): Dialect {
  const { url, values = 'native', isolation = 'read committed', ...rest } = options;
  assertPostgresOptions(rest, 'postgresDialect');
  let database: PostgresDatabase | undefined;
  const open = async (): Promise<PostgresDatabase> => {
    database = await openPostgres(() => resolvePostgresConfig(url, rest, { values, isolation }));
    return database;
  };
  const sql = new PostgresSql(values, async (db) => {
    // Kysely opens the database before it calls the adapter's acquireMigrationLock.
    if (database === undefined)
      throw new InternalError('The migration lock was asked for before the first connection.');
    return database.takeMigrationLock(db);
  });
  if (values === 'portable') return new DatabaseDialect({ sql, open });
  return new DatabaseDialect({ sql, open: async () => withEngineErrors(await orEngineError(open)) });
}
