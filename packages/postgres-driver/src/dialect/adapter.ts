import { type Kysely, PostgresAdapter, sql } from 'kysely';
import { SCHEMA_CHANGE_LOCK } from '../schema/schema-change-lock.js';

/** Takes the lock that keeps two schema changes apart, and gives back what frees it. */
export type TakeMigrationLock = () => Promise<() => Promise<void>>;

/**
 * Kysely's adapter with a migration lock that fits a pool. Kysely's own is held by a session, and here a session is anybody's once a
 * statement is over: the lock would stay behind on a connection in the pool.
 */
export class PooledPostgresAdapter extends PostgresAdapter {
  readonly #takeLock: TakeMigrationLock;
  readonly #held = new WeakMap<object, () => Promise<void>>();

  constructor(takeLock: TakeMigrationLock) {
    super();
    this.#takeLock = takeLock;
  }

  override async acquireMigrationLock(db: Kysely<unknown>): Promise<void> {
    // In a transaction of the caller's it is freed at its end.
    if (db.isTransaction) await sql`select pg_advisory_xact_lock(${sql.lit(SCHEMA_CHANGE_LOCK)})`.execute(db);
    else this.#held.set(db, await this.#takeLock());
  }

  override async releaseMigrationLock(db: Kysely<unknown>): Promise<void> {
    const release = this.#held.get(db);
    this.#held.delete(db);
    await release?.();
  }
}
