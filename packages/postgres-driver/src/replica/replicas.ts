import type { PostgresConfig } from '../options/options.js';
import { type Lsn, parseLsn } from './lsn.js';
import { PostgresReplica } from './replica.js';

/** What the replicas are made with. */
export interface ReplicasHost {
  readonly configs: readonly PostgresConfig[];
  readonly maxLagMs: number;
  /** Asks the primary for the end of its log. */
  readonly readPosition: () => Promise<string>;
}

/**
 * Chooses the replica for a read, so that the reader finds all that was written through this database before. After a write the primary is asked, in
 * the background, how far its log goes; until that is known, and a replica is as far, reads stay on the primary. No read waits for a replica.
 */
export class PostgresReplicas {
  readonly #host: ReplicasHost;
  readonly #replicas: readonly PostgresReplica[];
  /** How far a replica must be to have every write of this process. */
  #written: Lsn | undefined = 0n;
  #writes = 0;
  #asking: Promise<void> | undefined;
  #next = 0;

  constructor(host: ReplicasHost) {
    this.#host = host;
    this.#replicas = host.configs.map((config) => new PostgresReplica(config, host.maxLagMs));
  }

  /** Told of every write once its outcome is known. */
  noteWrite(): void {
    this.#writes += 1;
    this.#written = undefined;
    this.#asking ??= this.#ask();
  }

  /** A replica that has everything, in turn; `undefined` when there is none just now. @throws UsageError for a malformed `after`. */
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
    await this.#asking;
    await Promise.all(this.#replicas.map((replica) => replica.close()));
  }

  async #ask(): Promise<void> {
    const writes = this.#writes;
    try {
      const written = parseLsn(await this.#host.readPosition());
      this.#asking = undefined;
      // What was written meanwhile may lie behind it.
      if (writes === this.#writes) this.#written = written;
      else this.#asking = this.#ask();
    } catch {
      // The primary does not answer: the next write asks again, and until then reads stay with it.
      this.#asking = undefined;
    }
  }
}
