import type Sqlite from 'better-sqlite3';

/** Runs `work` in a transaction of the new file: all of it, or nothing. better-sqlite3's own transactions take no asynchronous work. */
export async function fileTransaction<T>(database: Sqlite.Database, work: () => Promise<T>): Promise<T> {
  database.exec('begin immediate');
  try {
    const result = await work();
    database.exec('commit');
    return result;
  } catch (error) {
    // A full disk has ended the transaction already.
    if (database.inTransaction) database.exec('rollback');
    throw error;
  }
}
