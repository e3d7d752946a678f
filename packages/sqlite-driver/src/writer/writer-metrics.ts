import { LaneWaits, type LockEvent, type LockMetrics, Summary } from '@sluice/core';
import { isDone, type ThreadReply } from '../thread/thread-protocol.js';

/** Counters of the writer. */
export class WriterMetrics {
  /** Waits for the writer that ended with the writer. */
  readonly waits: LaneWaits = new LaneWaits();
  /** Waits that ended in an error. */
  laneFailures = 0;
  /** Committed transactions. Each member of a group or of a shared COMMIT counts. */
  commits = 0;
  rollbacks = 0;
  /** COMMITs that SQLite executed. */
  sharedCommits = 0;
  groups = 0;
  groupSizeMax = 0;
  threadRestarts = 0;
  readonly #lockWaits = new Summary();
  #attempts = 0;
  #successes = 0;
  #retries = 0;
  #polls = 0;
  #failures = 0;
  #lastEvent: LockEvent | undefined;

  /** Adds the reply to a request made under a lease, or to a COMMIT for several `members`. */
  record({ lock, commits = 0, rollbacks = 0 }: ThreadReply, members = 1): void {
    this.commits += commits * members;
    this.#add(lock, commits, rollbacks);
  }

  /** Adds the reply to a group commit of `size` statements. */
  recordGroup(size: number, { outcomes, lock, commits = 0, rollbacks = 0 }: ThreadReply): void {
    this.groups += 1;
    this.groupSizeMax = Math.max(this.groupSizeMax, size);
    this.commits += outcomes.filter(isDone).length;
    this.#add(lock, commits, rollbacks);
  }

  lockMetrics(): LockMetrics {
    return {
      attempts: this.#attempts,
      successes: this.#successes,
      failures: this.#failures,
      retries: this.#retries,
      waits: this.#lockWaits.snapshot(),
      failureRate: this.#attempts === 0 ? 0 : this.#failures / this.#attempts,
      ...(this.#lastEvent === undefined ? {} : { lastEvent: this.#lastEvent }),
    };
  }

  /** Figures for the driver's own metrics. */
  engineMetrics(): Record<string, number> {
    return {
      lockPolls: this.#polls,
      groups: this.groups,
      groupSizeMax: this.groupSizeMax,
      fsyncCommits: this.sharedCommits,
      writerRestarts: this.threadRestarts,
    };
  }

  #add(lock: ThreadReply['lock'], commits: number, rollbacks: number): void {
    this.sharedCommits += commits;
    this.rollbacks += rollbacks;
    if (lock === undefined) return;
    this.#attempts += lock.attempts;
    this.#successes += lock.successes;
    this.#retries += lock.retries;
    this.#polls += lock.polls;
    this.#failures += lock.attempts - lock.successes;
    this.#lockWaits.record(lock.waitedMs);
    const hasFailed = lock.attempts > lock.successes;
    if (hasFailed || lock.retries > 0)
      this.#lastEvent = { at: Date.now(), kind: hasFailed ? 'failure' : 'retry' };
  }
}
