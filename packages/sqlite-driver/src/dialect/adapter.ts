import { SqliteAdapter } from 'kysely';

/** Kysely's adapter: several connections, and schema changes that a transaction can roll back. */
export class LaneSqliteAdapter extends SqliteAdapter {
  override get supportsMultipleConnections(): boolean {
    return true;
  }

  /** BEGIN IMMEDIATE holds the file's write lock, so the transaction also serves as the migration lock. */
  override get supportsTransactionalDdl(): boolean {
    return true;
  }
}
