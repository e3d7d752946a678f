import type { AlteringAdapter, TableAlteration } from '@sluice/core';
import { createQueryId, type Kysely, SqliteAdapter } from 'kysely';
import { isNative, rebuildTable } from './rebuild/rebuild-table.js';

/** Kysely's adapter for lanes: several connections, and schema changes that a transaction takes back. */
export class LaneSqliteAdapter extends SqliteAdapter implements AlteringAdapter {
  override get supportsMultipleConnections(): boolean {
    return true;
  }

  /** BEGIN IMMEDIATE holds the file's write lock, so that the transaction is the migration lock as well. */
  override get supportsTransactionalDdl(): boolean {
    return true;
  }

  /** What SQLite has no statement for is done by rebuilding the table. */
  async alterTable(db: Kysely<unknown>, alteration: TableAlteration): Promise<void> {
    if (!isNative(alteration)) return rebuildTable(db, alteration);
    await db.executeQuery(db.getExecutor().compileQuery(alteration, createQueryId()));
  }
}
