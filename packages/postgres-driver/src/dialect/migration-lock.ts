import { setTimeout } from 'node:timers/promises';
import { SerialQueue, UnsupportedError } from '@sluice/core';
import { type Kysely, sql } from 'kysely';
import type { PostgresConfig } from '../options/options.js';
import { SCHEMA_CHANGE_LOCK } from '../schema/schema-change-lock.js';

const FIRST_PAUSE_MS = 5;
const MAX_PAUSE_MS = 250;

/** Releases the lock. */
type Unlock = () => Promise<void>;

/** The schema-change lock, for Kysely's Migrator. */
export class MigrationLock {
  readonly #config: Pick<PostgresConfig, 'isPooled' | 'poolSize'>;
  readonly #inTransaction: () => Promise<Unlock>;
  readonly #callers = new SerialQueue();

  /** @param inTransaction takes the lock in a transaction of its own. */
  constructor(config: Pick<PostgresConfig, 'isPooled' | 'poolSize'>, inTransaction: () => Promise<Unlock>) {
    this.#config = config;
    this.#inTransaction = inTransaction;
  }

  /**
   * Takes the lock, once it is free, in the session of `db`, the Kysely of a `connection()`. Callers of this process wait in a queue, without a connection: the
   * holder may need it.
   */
  async take(db: Kysely<unknown>): Promise<Unlock> {
    const { ready, release } = this.#callers.hold();
    await ready;
    try {
      const unlock = await (this.#config.isPooled ? this.#takeBeside() : lockSession(db));
      return () => unlock().finally(release);
    } catch (error) {
      release();
      throw error;
    }
  }

  /** Behind a pooler in transaction mode no session can hold the lock. */
  #takeBeside(): Promise<Unlock> {
    if (this.#config.poolSize >= 2) return this.#inTransaction();
    throw new UnsupportedError(
      'Behind a pooler in transaction mode, migrations need a second connection for their lock. Set `poolSize` to at least 2.',
    );
  }
}

/** Asks again and again: a statement that waited would hold a snapshot, for whose end a CREATE INDEX CONCURRENTLY of the holder waits. */
async function lockSession(db: Kysely<unknown>): Promise<Unlock> {
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(MAX_PAUSE_MS, pauseMs * 2)) {
    const asked = sql<{ locked: boolean }>`select pg_try_advisory_lock(${KEY}) as locked`;
    const { rows } = await asked.execute(db);
    if (rows[0]?.locked === true) break;
    await setTimeout(pauseMs * (0.5 + Math.random() / 2));
  }
  return async () => {
    // Where that fails, the lock ends when the session is reset or closed. The error of a migration must not be replaced.
    await sql`select pg_advisory_unlock(${KEY})`.execute(db).catch(() => {});
  };
}

const KEY = sql.lit(SCHEMA_CHANGE_LOCK);
