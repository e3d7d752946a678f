import { DatabaseDialect } from '@sluice/core';
import { SqliteSql } from './dialect/database-sql.js';
import { RebuildingSession } from './dialect/rebuilding-session.js';
import { locatePath } from './file/path.js';
import { assertNodeVersion } from './file/runtime.js';
import { resolveOptions, type SqliteOptions, type SqliteValues } from './options/options.js';
import { openDatabase } from './sqlite-driver.js';

/** Options of {@link sqliteDialect}. */
export interface SqliteDialectOptions extends SqliteOptions {
  /** Path of the file, or `:memory:`. It is opened at the first query. */
  readonly path: string;
  /**
   * `native`: values, parameters and column types as in Kysely's own SQLite dialect. `portable`: those of the contract (C1, C2), as in a storage.
   * Default `native`.
   */
  readonly values?: SqliteValues;
}

/**
 * A Kysely dialect for existing applications: one writer thread with group commit, and reader threads that never wait for it. Errors of SQLite are
 * those of better-sqlite3.
 *
 * ```ts
 * const db = new Kysely<DB>({ dialect: sqliteDialect({ path: 'app.db' }) });
 * ```
 *
 * @throws ConfigurationError `invalid_configuration` for an option out of its range.
 */
export function sqliteDialect({
  path,
  values = 'native',
  ...options
}: SqliteDialectOptions): DatabaseDialect {
  const resolved = { ...resolveOptions(options, 'sqliteDialect'), values, keepsEngineErrors: true };
  return new DatabaseDialect({
    sql: new SqliteSql(values),
    open: async () => {
      assertNodeVersion();
      const database = await openDatabase(await locatePath(path), resolved);
      return {
        execute: (statement, how) => database.execute(statement, how),
        stream: (statement, batchSize, how) => database.stream(statement, batchSize, how),
        begin: (how) => database.begin(how),
        session: () => new RebuildingSession(database),
        close: () => database.close(),
      };
    },
  });
}
