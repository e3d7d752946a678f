import { type Kysely, PostgresAdapter, sql } from 'kysely';
import { SCHEMA_CHANGE_LOCK } from '../schema/schema-change-lock.js';

/** Takes the lock that allows one schema change at a time, for `db.connection()`. Resolves with the function that releases it. */
export type TakeMigrationLock = (db: Kysely<unknown>) => Promise<() => Promise<void>>;

/** Kysely's adapter, with the lock that a storage's migrations take too. */
export class PooledPostgresAdapter extends PostgresAdapter {
  readonly #takeLock: TakeMigrationLock;
  readonly #held = new WeakMap<object, () => Promise<void>>();

  constructor(takeLock: TakeMigrationLock) {
    super();
    this.#takeLock = takeLock;
  }

  override async acquireMigrationLock(db: Kysely<unknown>): Promise<void> {
    // In the caller's transaction, PostgreSQL releases it when the transaction ends.
    if (db.isTransaction) await sql`select pg_advisory_xact_lock(${sql.lit(SCHEMA_CHANGE_LOCK)})`.execute(db);
    else this.#held.set(db, await this.#takeLock(db));
  }

  override async releaseMigrationLock(db: Kysely<unknown>): Promise<void> {
    const release = this.#held.get(db);
    this.#held.delete(db);
    await release?.();
  }
}
