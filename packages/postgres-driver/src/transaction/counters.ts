import { type Access, ConflictError, type LockEvent, type LockMetrics, Summary } from '@sluice/core';

/** As many holders as are told apart. Labels that are made at run time have no end. */
const MAX_HOLDERS = 100;
const OTHER = '(other)';

/** Counts how transactions and single statements ended. */
export class PostgresCounters {
  #commits = 0;
  #rollbacks = 0;
  #writes = 0;
  #conflicts = 0;
  #failures = 0;
  #lastEvent: LockEvent | undefined;
  readonly #lockWaits = new Summary();
  readonly #holders = new Map<string, Summary>();

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

  /**
   * Counts a single statement, or a COMMIT, that failed and was therefore rolled back.
   *
   * @param isFinal whether nobody makes it again, so that the caller gets the error.
   */
  recordFailure(error: unknown, isFinal = false): void {
    this.#rollbacks += 1;
    this.noteConflict(error, isFinal);
  }

  /** Counts how long a statement, or a writer ahead of its first one, waited for `holder`. */
  recordLockWait(ms: number, holder: string): void {
    this.#lockWaits.record(ms);
    const name = this.#holders.has(holder) || this.#holders.size < MAX_HOLDERS ? holder : OTHER;
    const waits = this.#holders.get(name) ?? new Summary();
    this.#holders.set(name, waits);
    waits.record(ms);
  }

  /**
   * Counts the error of a statement if it is a conflict, or a deadline that passed while the statement waited for a lock.
   *
   * @param isFinal as in {@link PostgresCounters.recordFailure}.
   */
  noteConflict(error: unknown, isFinal = false): void {
    if (!isConflict(error) && !(error instanceof Error && isConflict(error.cause))) return;
    this.#conflicts += 1;
    if (isFinal) this.#failures += 1;
    this.#lastEvent = { at: Date.now(), kind: isFinal ? 'failure' : 'retry' };
  }

  /** Each conflict is a retry here, as core replays it until the deadline; core adds the calls that it gave up. */
  locks(): LockMetrics {
    const attempts = this.#writes + this.#conflicts;
    const holders = [...this.#holders].map(([label, waits]) => [label, waits.snapshot()] as const);
    return {
      attempts,
      successes: this.#writes,
      failures: this.#failures,
      retries: this.#conflicts,
      waits: this.#lockWaits.snapshot(),
      failureRate: attempts === 0 ? 0 : this.#failures / attempts,
      ...(holders.length === 0 ? {} : { holders: Object.fromEntries(holders) }),
      ...(this.#lastEvent === undefined ? {} : { lastEvent: this.#lastEvent }),
    };
  }
}

function isConflict(error: unknown): boolean {
  return error instanceof ConflictError;
}
