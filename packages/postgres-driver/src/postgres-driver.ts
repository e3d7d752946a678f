import type { Database, Driver, OnWarning } from '@sluice/core';
import {
  assertPostgresOptions,
  type PostgresConfig,
  type PostgresMode,
  type PostgresOptions,
  resolvePostgresConfig,
} from './options/options.js';
import { PostgresDatabase } from './postgres-database.js';

/** The driver has the contract's values and is serializable. */
const CONTRACT: PostgresMode = { values: 'portable', isolation: 'serializable' };

/**
 * The PostgreSQL driver, for `openStorage`.
 *
 * ```ts
 * await openStorage({ url: 'postgres://app@localhost/app', drivers: [postgres({ poolSize: 20 })] });
 * ```
 *
 * @throws ConfigurationError `invalid_configuration` for an option that it does not have. The others are checked when the storage is opened.
 */
export function postgres(options: PostgresOptions = {}): Driver {
  assertPostgresOptions(options);
  return {
    name: 'postgres',
    schemes: ['postgres', 'postgresql'],
    open: (url, onWarning): Promise<Database> =>
      openPostgres(() => resolvePostgresConfig(url, options, CONTRACT), onWarning),
  };
}

/** Opens a database and makes a round trip, so that a wrong address or password fails here. @throws ConfigurationError or ConnectionError. */
export async function openPostgres(
  resolve: () => PostgresConfig,
  onWarning?: OnWarning,
): Promise<PostgresDatabase> {
  const database = new PostgresDatabase(resolve(), onWarning);
  try {
    await database.probe({});
    return database;
  } catch (error) {
    await database.close();
    throw error;
  }
}
