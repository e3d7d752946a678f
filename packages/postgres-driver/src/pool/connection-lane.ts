import { Lane, type Lease, type WaitOptions } from '@sluice/core';

/**
 * What a connection is needed for: `single` for one statement, `transaction` for several, as long as their caller likes, `snapshot` for a stream or a
 * transaction that only reads.
 */
export type ConnectionUse = 'single' | 'snapshot' | 'transaction';

/** How a caller waits for a connection. */
export interface ConnectionWait extends WaitOptions {
  /** Default `single`. */
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
 * The permits for the pool's connections. Who reads slowly, or waits for something else inside a transaction, may hold a connection for long. So streams
 * and read transactions have a bound of their own, which leaves connections to writers (C9), and all that is held leaves one to single statements.
 */
export class ConnectionLane {
  readonly #all: Lane;
  readonly #held: Lane;
  readonly #snapshots: Lane;

  constructor({ poolSize, snapshots, queueLimit }: ConnectionLimits) {
    const held = poolSize > 2 ? poolSize - 1 : poolSize;
    const lane = (name: string, permits: number): Lane => new Lane({ name, permits, queueLimit });
    this.#all = lane('a PostgreSQL connection', poolSize);
    this.#held = lane(
      `a PostgreSQL connection for a transaction or stream, which may hold ${held} of the pool's ${poolSize} at once (\`poolSize\`)`,
      held,
    );
    this.#snapshots = lane(
      `a PostgreSQL connection for a stream or read transaction, which may hold ${snapshots} of the pool's ${poolSize} at once (\`snapshots\`)`,
      snapshots,
    );
  }

  /** How many streams and read transactions are open. */
  get snapshotsHeld(): number {
    return this.#snapshots.held;
  }

  /** @throws as {@link Lane.acquire}; the message names the bound that the caller waited for. */
  async acquire({ use = 'single', ...wait }: ConnectionWait = {}): Promise<Lease> {
    if (use === 'single') return this.#all.acquire(wait);
    const since = performance.now();
    const bounds = use === 'snapshot' ? [this.#snapshots, this.#held] : [this.#held];
    const leases: Lease[] = [];
    const release = (): void => {
      for (const lease of leases.splice(0).reverse()) lease.release();
    };
    try {
      let { priority } = wait;
      for (const lane of [...bounds, this.#all]) {
        const { isFree } = lane;
        leases.push(await lane.acquire({ ...wait, priority }));
        // Whoever has waited its turn once does not go to the end of the next queue.
        if (!isFree) priority = 'high';
      }
    } catch (error) {
      release();
      throw error;
    }
    return { waitedMs: performance.now() - since, release };
  }

  /** Refuses new callers. Resolves when every caller that was accepted before has released its lease. */
  async close(): Promise<void> {
    await this.#snapshots.close();
    await this.#held.close();
    await this.#all.close();
  }
}
