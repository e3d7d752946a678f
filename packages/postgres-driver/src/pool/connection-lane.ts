import { Lane, type Lease, type WaitOptions } from '@sluice/core';

/** What a connection is needed for: `snapshot` for a stream or a transaction that only reads, `work` for anything else. */
export type ConnectionUse = 'snapshot' | 'work';

/** How a caller waits for a connection. */
export interface ConnectionWait extends WaitOptions {
  /** Default `work`. */
  readonly use?: ConnectionUse | undefined;
}

/** How many connections may be in use at once. */
export interface ConnectionLimits {
  readonly poolSize: number;
  /** How many of them by streams and read transactions. */
  readonly snapshots: number;
  /** How many callers may wait for each of these. */
  readonly queueLimit: number;
}

/**
 * The permits for the pool's connections. Who reads slowly may hold a connection for long, so streams and read transactions have a bound of their own, which
 * leaves connections to writers and to single statements (C9).
 */
export class ConnectionLane {
  readonly #all: Lane;
  readonly #snapshots: Lane;

  constructor({ poolSize, snapshots, queueLimit }: ConnectionLimits) {
    this.#all = new Lane({ name: 'a PostgreSQL connection', permits: poolSize, queueLimit });
    const name = `a PostgreSQL connection for a stream or read transaction, which may hold ${snapshots} of the pool's ${poolSize} at once (\`snapshots\`)`;
    this.#snapshots = new Lane({ name, permits: snapshots, queueLimit });
  }

  /** How many streams and read transactions are open. */
  get snapshotsHeld(): number {
    return this.#snapshots.held;
  }

  /** @throws as {@link Lane.acquire}; the message names the bound that the caller waited for. */
  async acquire({ use = 'work', ...wait }: ConnectionWait = {}): Promise<Lease> {
    if (use === 'work') return this.#all.acquire(wait);
    const since = performance.now();
    const { isFree } = this.#snapshots;
    const snapshot = await this.#snapshots.acquire(wait);
    try {
      // Who has waited its turn once does not go to the end of the next queue.
      const connection = await this.#all.acquire(isFree ? wait : { ...wait, priority: 'high' });
      const release = (): void => {
        connection.release();
        snapshot.release();
      };
      return { waitedMs: performance.now() - since, release };
    } catch (error) {
      snapshot.release();
      throw error;
    }
  }

  /** Refuses new callers. Resolves when every caller that was accepted before has released its lease. */
  async close(): Promise<void> {
    await this.#snapshots.close();
    await this.#all.close();
  }
}
