import type Sqlite from 'better-sqlite3';

/** A checkpoint that does nothing exists since version 3.51 (sqlite.org/pragma.html#pragma_wal_checkpoint); before, it is a real one. */
const FIRST_VERSION = [3, 51] as const;

/**
 * Frames of the write-ahead log up to the last commit, as all connections know it: 0 when all of them are in the database file, or there is
 * no log. The log itself does not tell, as a commit may be in it and not be made known yet. `undefined` when SQLite is too old to say.
 */
export function walFrames(database: Sqlite.Database): number | undefined {
  const version = String(database.prepare('select sqlite_version()').pluck().get());
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major < FIRST_VERSION[0] || (major === FIRST_VERSION[0] && minor < FIRST_VERSION[1])) return undefined;
  const [state] = database.pragma('wal_checkpoint(noop)') as {
    busy: number;
    log: number;
    checkpointed: number;
  }[];
  if (state === undefined || state.busy !== 0) return undefined;
  // Without a log, both are -1.
  return state.checkpointed >= state.log ? 0 : state.log;
}
