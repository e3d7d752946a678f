import {
  ConfigurationError,
  type Database,
  type Driver,
  emitProcessWarning,
  type OnWarning,
} from '@sluice/core';
import { assertFileSystem } from './file/file-system.js';
import { KEEP_OUT } from './file/own-module.js';
import { type Location, locateUrl } from './file/path.js';
import { assertNodeVersion } from './file/runtime.js';
import { type ResolvedOptions, resolveOptions, type SqliteOptions } from './options/options.js';
import { SqliteDatabase } from './sqlite-database.js';
import { SqliteEngine } from './thread/engine.js';

/**
 * The SQLite driver, for `openStorage`. URLs: `sqlite:app.db`, `sqlite:/var/app.db`, `sqlite:///var/app.db` and `sqlite::memory:`. Creates a file
 * that does not exist, but not its folder.
 *
 * ```ts
 * const storage = await openStorage({ url: 'sqlite:./app.db', drivers: [sqlite()] });
 * ```
 *
 * @throws ConfigurationError `invalid_configuration` for an option out of its range.
 */
export function sqlite(options: SqliteOptions = {}): Driver {
  const resolved: ResolvedOptions = {
    ...resolveOptions(options),
    values: 'portable',
    keepsEngineErrors: false,
  };
  return {
    name: 'sqlite',
    schemes: ['sqlite'],
    open: async (url, onWarning) => {
      assertNodeVersion();
      return openDatabase(await locateUrl(url), resolved, onWarning);
    },
  };
}

/** Opens the database at a location. Check the version of Node first. */
export async function openDatabase(
  location: Location,
  options: ResolvedOptions,
  onWarning: OnWarning = emitProcessWarning,
): Promise<Database> {
  if (!location.isTemporary) await assertFileSystem(location.path, options.networkFileSystem, onWarning);
  // Does not load native code; the threads do.
  const { SqliteError } = await importBetterSqlite3();
  const engine = new SqliteEngine(options, (message, code) => new SqliteError(message, code));
  const database = new SqliteDatabase(location, options, engine, onWarning);
  await database.open();
  return database;
}

/** @throws ConfigurationError `invalid_configuration` where a bundler has taken it in, or it is not installed. */
async function importBetterSqlite3(): Promise<typeof import('better-sqlite3')> {
  try {
    return (await import('better-sqlite3')).default;
  } catch (cause) {
    throw new ConfigurationError(
      'invalid_configuration',
      `better-sqlite3 cannot be loaded. It must be installed where the application runs and, where that is bundled, stay out of the bundle: ${KEEP_OUT}.`,
      { cause },
    );
  }
}
