import Sqlite from 'better-sqlite3';

/**
 * Opens a file that must exist, to read it. Not read-only: the last connection to close takes the `-wal` and `-shm` with it, which a read-only
 * one would leave behind. SQLite opens what may not be written read-only by itself.
 */
export function openToRead(path: string): Sqlite.Database {
  const database = new Sqlite(path, { fileMustExist: true, timeout: 10_000 });
  database.pragma('query_only = on');
  return database;
}
