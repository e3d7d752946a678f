// The entry point `@sluice/sqlite-driver/runtime`, for code that loads better-sqlite3 itself.
import { ConfigurationError } from '@sluice/core/errors';
import { isAtLeast, OLDEST_NODE } from './versions.js';

/**
 * Refuses a version of Node on which the native module would crash the process. Call it before the module is loaded.
 *
 * @throws ConfigurationError `runtime_too_old`.
 */
export function assertNodeVersion(version: string = process.versions.node): void {
  if (isAtLeast(version, OLDEST_NODE)) return;
  throw new ConfigurationError(
    'runtime_too_old',
    `The SQLite driver needs Node ${OLDEST_NODE} or newer; this is Node ${version}. Install a current Node, or use the PostgreSQL driver.`,
  );
}
