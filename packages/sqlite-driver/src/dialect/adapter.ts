import type { SerialQueue } from '@sluice/core';
import { type Kysely, SqliteAdapter } from 'kysely';

/** Kysely's adapter: several connections, and schema changes that a transaction can roll back. */
export class LaneSqliteAdapter extends SqliteAdapter {
  readonly #migrators: SerialQueue;
  readonly #held = new WeakMap<object, () => void>();

  /** @param migrators the queue of the callers who migrate this database. */
  constructor(migrators: SerialQueue) {
    super();
    this.#migrators = migrators;
  }

  override get supportsMultipleConnections(): boolean {
    return true;
  }

  override get supportsTransactionalDdl(): boolean {
    return true;
  }

  /**
   * Waits for the Migrators of this process. Between processes, BEGIN IMMEDIATE serves as the lock: it holds the file's write lock. With Kysely's
   * `disableTransactions` there is none between processes, as in Kysely's own adapter.
   */
  override async acquireMigrationLock(db: Kysely<unknown>): Promise<void> {
    if (db.isTransaction) return;
    const { ready, release } = this.#migrators.hold();
    await ready;
    this.#held.set(db, release);
  }

  override async releaseMigrationLock(db: Kysely<unknown>): Promise<void> {
    this.#held.get(db)?.();
    this.#held.delete(db);
  }
}
