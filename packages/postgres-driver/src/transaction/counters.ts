import { type Access, ConflictError, type LockMetrics, Summary } from '@sluice/core';

/** Counts how transactions and single statements ended. */
export class PostgresCounters {
  #commits = 0;
  #rollbacks = 0;
  #writes = 0;
  #lastConflict: number | undefined;
  #conflicts = 0;
  readonly #lockWaits = new Summary();

  get commits(): number {
    return this.#commits;
  }

  get rollbacks(): number {
    return this.#rollbacks;
  }

  recordCommit(access: Access): void {
    this.#commits += 1;
    if (access !== 'read') this.#writes += 1;
  }

  recordRollback(): void {
    this.#rollbacks += 1;
  }

  /** Counts a single statement, or a COMMIT, that failed and was therefore rolled back. */
  recordFailure(error: unknown): void {
    this.#rollbacks += 1;
    this.#noteConflict(error);
  }

  /** Counts the error of a statement in a transaction if it is a conflict, and rethrows it. */
  readonly recordConflict = (error: unknown): never => {
    this.#noteConflict(error);
    throw error;
  };

  /**
   * Counts each conflict as a retry, because core replays until the deadline. `failures` is 0 here: core counts them. There are no lock waits, because
   * PostgreSQL does not report how long a statement waited for a lock.
   */
  locks(): LockMetrics {
    const attempts = this.#writes + this.#conflicts;
    return {
      attempts,
      successes: this.#writes,
      failures: 0,
      retries: this.#conflicts,
      waits: this.#lockWaits.snapshot(),
      failureRate: 0,
      ...(this.#lastConflict === undefined ? {} : { lastEvent: { at: this.#lastConflict, kind: 'retry' } }),
    };
  }

  #noteConflict(error: unknown): void {
    if (!(error instanceof ConflictError)) return;
    this.#conflicts += 1;
    this.#lastConflict = Date.now();
  }
}
