import type { OnWarning } from '@sluice/core';
import type { PostgresConfig } from '../options/options.js';
import { type Lsn, parseLsn } from './lsn.js';
import { PostgresReplica } from './replica.js';

/** What the replicas need from their database. */
export interface ReplicasHost {
  readonly configs: readonly PostgresConfig[];
  readonly maxLagMs: number;
  readonly onWarning: OnWarning;
  /** Reads the end of the primary's write-ahead log. */
  readonly readPosition: () => Promise<string>;
}

/**
 * Chooses a replica for each read so that it reads its own writes: everything that was written through this database before. After a write, the end of
 * the primary's log is read in the background. Until it is known and a replica has replayed up to it, reads go to the primary. No read waits for a
 * replica.
 */
export class PostgresReplicas {
  readonly #host: ReplicasHost;
  readonly #replicas: readonly PostgresReplica[];
  /** The position that a replica must have replayed to have every write of this process; `undefined` while it is read. */
  #written: Lsn | undefined = 0n;
  #writes = 0;
  #reading: Promise<void> | undefined;
  #next = 0;

  constructor(host: ReplicasHost) {
    this.#host = host;
    const { configs, maxLagMs, onWarning } = host;
    this.#replicas = configs.map((config) => new PostgresReplica(config, maxLagMs, onWarning));
  }

  /** Call it after every write, once its outcome is known. */
  noteWrite(): void {
    this.#writes += 1;
    this.#written = undefined;
    this.#reading ??= this.#readEnd();
  }

  /** Chooses, round robin, a replica that has everything; `undefined` when there is none at the moment. @throws UsageError for a malformed `after`. */
  choose(after: string | undefined): PostgresReplica | undefined {
    const asked = after === undefined ? 0n : parseLsn(after);
    if (this.#written === undefined) return undefined;
    const needed = this.#written > asked ? this.#written : asked;
    for (let tries = 0; tries < this.#replicas.length; tries += 1) {
      const replica = this.#replicas[this.#next % this.#replicas.length];
      this.#next += 1;
      if (replica?.has(needed)) return replica;
    }
    return undefined;
  }

  async close(): Promise<void> {
    await this.#reading;
    await Promise.all(this.#replicas.map((replica) => replica.close()));
  }

  async #readEnd(): Promise<void> {
    const writes = this.#writes;
    try {
      const written = parseLsn(await this.#host.readPosition());
      this.#reading = undefined;
      // A write since then may be after this position.
      if (writes === this.#writes) this.#written = written;
      else this.#reading = this.#readEnd();
    } catch {
      // The primary does not answer. The next write tries again; until then reads go to the primary.
      this.#reading = undefined;
    }
  }
}
