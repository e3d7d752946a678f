import type { OnWarning } from '@sluice/core';
import type { PostgresConfig } from '../options/options.js';
import { PostgresPool } from '../pool/pool.js';
import { PostgresCounters } from '../transaction/counters.js';
import { type Lsn, parseLsn } from './lsn.js';

/** How often a replica's position is polled, in milliseconds; more often while a read was refused because the replica is behind. */
const POLL_MS = 1000;
const CATCH_UP_POLL_MS = 50;

/** How long the answer to a poll may take, in milliseconds. */
const ANSWER_MS = 1000;

/**
 * One replica: its pool, the position that it has replayed, and its lag. A replica without a connection to the primary does not know its lag; it is then
 * taken from the time of the last replayed transaction.
 */
export class PostgresReplica {
  readonly pool: PostgresPool;
  readonly #maxLagMs: number;
  #replayed: Lsn | undefined;
  #lagMs = Number.POSITIVE_INFINITY;
  #polledAt = 0;
  #timer: NodeJS.Timeout | undefined;
  #nextPollAt = Number.POSITIVE_INFINITY;
  #polling: Promise<void> | undefined;
  #isClosed = false;

  constructor(config: PostgresConfig, maxLagMs: number, onWarning: OnWarning) {
    this.pool = new PostgresPool(config, onWarning, new PostgresCounters());
    this.#maxLagMs = maxLagMs;
    this.#poll();
  }

  /** Whether the replica answers, lags by at most `maxLagMs`, and has replayed everything up to `after`. */
  has(after: Lsn): boolean {
    if (this.#replayed === undefined || this.#lagMs > this.#maxLagMs) return false;
    // The last answer may itself be outdated.
    if (performance.now() - this.#polledAt > 2 * POLL_MS + ANSWER_MS) return false;
    if (this.#replayed >= after) return true;
    this.#schedule(CATCH_UP_POLL_MS);
    return false;
  }

  /** Marks the replica as unavailable until it answers again. */
  markUnavailable(): void {
    this.#replayed = undefined;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    await this.#polling;
    await this.pool.close();
  }

  #schedule(delayMs: number): void {
    const at = performance.now() + delayMs;
    if (this.#isClosed || this.#polling !== undefined || at >= this.#nextPollAt) return;
    clearTimeout(this.#timer);
    this.#nextPollAt = at;
    this.#timer = setTimeout(() => this.#poll(), delayMs);
    this.#timer.unref();
  }

  #poll(): void {
    this.#nextPollAt = Number.POSITIVE_INFINITY;
    this.#polling ??= this.#readState()
      .catch(() => this.markUnavailable())
      .then(() => {
        this.#polling = undefined;
        this.#schedule(POLL_MS);
      });
  }

  async #readState(): Promise<void> {
    const polledAt = performance.now();
    const options = { deadline: polledAt + ANSWER_MS };
    const { connection, release } = await this.pool.acquire('read', options);
    try {
      const { rows } = await connection.run(STATE, [], { ...options, keepsSession: true });
      const [replayed, lagMs] = rows[0]?.fields ?? [];
      this.#replayed = typeof replayed === 'string' ? parseLsn(replayed) : undefined;
      this.#lagMs = typeof lagMs === 'string' ? Number(lagMs) : Number.POSITIVE_INFINITY;
      this.#polledAt = polledAt;
    } finally {
      release();
    }
  }
}

/** The position is NULL on a server that is no longer a replica. */
const STATE = `
  select case when pg_is_in_recovery() then pg_last_wal_replay_lsn() end,
    case when exists (select from pg_stat_wal_receiver) and pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() then 0
    else extract(epoch from clock_timestamp() - pg_last_xact_replay_timestamp()) * 1000 end`;
