import Sqlite from 'better-sqlite3';
import { IN_USE } from '../errors/failure.js';
import { lockHolders } from '../file/lock-holders.js';

/** @throws SqliteError `SQLITE_IN_USE` when another process holds a lock on the file. */
export function assertNobodyHolds(path: string): void {
  const holders = lockHolders(path);
  if (holders.length === 0) return;
  throw inUse(`process ${holders.join(', ')}`);
}

/**
 * Makes sure that nobody else has a database open, brings its WAL into the file, and keeps everybody out until the connection
 * returned is closed. `undefined` for a file so damaged that SQLite cannot tell.
 *
 * SQLite leaves WAL mode only when there is no other connection: that is the proof. A process that uses the file in rollback-journal mode
 * shows itself only while it reads or writes.
 *
 * @throws SqliteError `SQLITE_IN_USE`.
 */
export function takeOver(path: string): Sqlite.Database | undefined {
  assertNobodyHolds(path);
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
