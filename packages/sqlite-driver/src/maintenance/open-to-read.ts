import Sqlite from 'better-sqlite3';

/**
 * Opens an existing file for reading. The connection is not read-only, because the last connection to close removes the `-wal` and `-shm`, which a
 * read-only one cannot. SQLite itself opens a file without write permission as read-only.
 */
export function openToRead(path: string): Sqlite.Database {
  const database = new Sqlite(path, { fileMustExist: true, timeout: 10_000 });
  database.pragma('query_only = on');
  return database;
}
