import type Sqlite from 'better-sqlite3';

/** Runs `work` in a transaction of the new file, and rolls back if it throws. Transactions of better-sqlite3 itself cannot be asynchronous. */
export async function fileTransaction<T>(database: Sqlite.Database, work: () => Promise<T>): Promise<T> {
  database.exec('begin immediate');
  try {
    const result = await work();
    database.exec('commit');
    return result;
  } catch (error) {
    // After a full disk, SQLite has rolled back already.
    if (database.inTransaction) database.exec('rollback');
    throw error;
  }
}
