import type { PostgresConfig } from '../options/options.js';
import { PostgresPool } from '../pool/pool.js';
import { type Lsn, parseLsn } from './lsn.js';

/** How often a replica is asked how far it is, in milliseconds; more often while somebody waits for it to catch up. */
const POLL_MS = 1000;
const CATCH_UP_POLL_MS = 50;

/** How long a replica may take to say so. */
const ANSWER_MS = 1000;

/**
 * One replica: its pool, and how far it is. A replica whose connection to the primary is down does not know how old it is; then the age of
 * the last transaction it saw counts.
 */
export class PostgresReplica {
  readonly pool: PostgresPool;
  readonly #maxLagMs: number;
  #replayed: Lsn | undefined;
  #lagMs = Number.POSITIVE_INFINITY;
  #askedAt = 0;
  #timer: NodeJS.Timeout | undefined;
  #asksAt = Number.POSITIVE_INFINITY;
  #asking: Promise<void> | undefined;
  #isClosed = false;

  constructor(config: PostgresConfig, maxLagMs: number) {
    this.pool = new PostgresPool(config);
    this.#maxLagMs = maxLagMs;
    this.#ask();
  }

  /** Whether it answers, is not too old, and has everything up to `after`. */
  has(after: Lsn): boolean {
    if (this.#replayed === undefined || this.#lagMs > this.#maxLagMs) return false;
    // Its own answer grows old as well.
    if (performance.now() - this.#askedAt > 2 * POLL_MS + ANSWER_MS) return false;
    if (this.#replayed >= after) return true;
    this.#schedule(CATCH_UP_POLL_MS);
    return false;
  }

  /** Takes it out of use until it answers again. */
  suspect(): void {
    this.#replayed = undefined;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    await this.#asking;
    await this.pool.close();
  }

  #schedule(delayMs: number): void {
    const at = performance.now() + delayMs;
    if (this.#isClosed || this.#asking !== undefined || at >= this.#asksAt) return;
    clearTimeout(this.#timer);
    this.#asksAt = at;
    this.#timer = setTimeout(() => this.#ask(), delayMs);
    this.#timer.unref();
  }

  #ask(): void {
    this.#asksAt = Number.POSITIVE_INFINITY;
    this.#asking ??= this.#readState()
      .catch(() => this.suspect())
      .then(() => {
        this.#asking = undefined;
        this.#schedule(POLL_MS);
      });
  }

  async #readState(): Promise<void> {
    const askedAt = performance.now();
    const options = { deadline: askedAt + ANSWER_MS };
    const { connection, release } = await this.pool.acquire('read', options);
    try {
      const { rows } = await connection.run(STATE, [], options);
      const [replayed, lagMs] = rows[0]?.fields ?? [];
      this.#replayed = typeof replayed === 'string' ? parseLsn(replayed) : undefined;
      this.#lagMs = typeof lagMs === 'string' ? Number(lagMs) : Number.POSITIVE_INFINITY;
      this.#askedAt = askedAt;
    } finally {
      await release();
    }
  }
}

/** NULL on a server that is no replica any more. */
const STATE = `
  select case when pg_is_in_recovery() then pg_last_wal_replay_lsn() end,
    case when exists (select from pg_stat_wal_receiver) and pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() then 0
    else extract(epoch from clock_timestamp() - pg_last_xact_replay_timestamp()) * 1000 end`;
