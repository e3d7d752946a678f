import { SqliteAdapter } from 'kysely';

/** Kysely's adapter for lanes: several connections, and schema changes that a transaction takes back. */
export class LaneSqliteAdapter extends SqliteAdapter {
  override get supportsMultipleConnections(): boolean {
    return true;
  }

  /** BEGIN IMMEDIATE holds the file's write lock, so that the transaction is the migration lock as well. */
  override get supportsTransactionalDdl(): boolean {
    return true;
  }
}
