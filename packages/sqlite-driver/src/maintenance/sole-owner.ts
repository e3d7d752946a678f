import Sqlite from 'better-sqlite3';
import { IN_USE } from '../errors/failure.js';
import { lockHolders } from '../file/lock-holders.js';

/** @throws SqliteError `SQLITE_IN_USE` when another process holds a lock on the file. */
export function assertNotLocked(path: string): void {
  const holders = lockHolders(path);
  if (holders.length === 0) return;
  throw inUse(`process ${holders.join(', ')}`);
}

/**
 * Checks that no other connection has the database open, copies its WAL into the file, and locks the file until the returned connection is closed.
 * `undefined` for a file that is too damaged for SQLite to check.
 *
 * SQLite leaves WAL mode only when there is no other connection, so success is the proof. A process that uses the file in rollback-journal mode is
 * detected only while it reads or writes.
 *
 * @throws SqliteError `SQLITE_IN_USE`.
 */
export function takeOver(path: string): Sqlite.Database | undefined {
  assertNotLocked(path);
  const database = new Sqlite(path, { fileMustExist: true, timeout: 0 });
  try {
    database.pragma('journal_mode = delete');
    database.prepare('begin exclusive').run();
    return database;
  } catch (error) {
    database.close();
    const code = error instanceof Sqlite.SqliteError ? error.code : '';
    if (/^SQLITE_(?:BUSY|LOCKED)/.test(code)) throw inUse('another connection');
    if (/^SQLITE_(?:CORRUPT|NOTADB|IOERR)/.test(code)) return undefined;
    throw error;
  }
}

function inUse(who: string): Error {
  return new Sqlite.SqliteError(`The database is open in ${who}. Close it there first.`, IN_USE);
}
