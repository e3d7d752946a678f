import type { Failure } from '../errors/failure.js';
import { isBusy, toFailure } from '../errors/failure.js';
import type { ThreadConnection } from '../thread/thread-connection.js';
import type { ThreadFlags } from '../thread/thread-flags.js';
import type { LockReport, Outcome, ThreadReply } from '../thread/thread-protocol.js';
import { DONE } from '../thread/thread-protocol.js';

/** Shortest sleep between two attempts, and the longest sleep of the first. */
const SHORTEST_SLEEP_MS = 0.1;
const LONGEST_SLEEP_MS = 3;

/**
 * How much the longest sleep shrinks with each millisecond of waiting. Among processes that poll for the lock, one that polls more often is more
 * likely to get it; so the process that has waited longest is preferred.
 */
const SHORTER_PER_MS = 0.3;

/** Waits for SQLite's write lock, without a limit of its own, and counts the attempts. */
export class LockWait {
  readonly #flags: ThreadFlags;
  #attempts = 0;
  #successes = 0;
  #retries = 0;
  #polls = 0;
  #waitedMs = 0;
  #waitingSince: number | undefined;

  constructor(flags: ThreadFlags) {
    this.#flags = flags;
  }

  /** The counts up to now. */
  report(): LockReport {
    return {
      attempts: this.#attempts,
      successes: this.#successes,
      retries: this.#retries,
      polls: this.#polls,
      waitedMs: this.#waitedMs,
    };
  }

  /**
   * Begins a transaction that holds the write lock. Returns `locked`; `given_up` once `isWanted` is false; or the failure, if it is not that
   * the file is locked.
   */
  begin(connection: ThreadConnection, isWanted: () => boolean): 'locked' | 'given_up' | Failure {
    const since = performance.now();
    try {
      return this.#begin(connection, isWanted);
    } finally {
      this.#waitedMs += performance.now() - since;
      this.#flags.isWaitingForLock = false;
    }
  }

  #begin(connection: ThreadConnection, isWanted: () => boolean): 'locked' | 'given_up' | Failure {
    this.#attempts += 1;
    for (let polls = 0; isWanted(); polls += 1) {
      const failure = tryBegin(connection);
      if (failure === undefined) {
        this.#successes += 1;
        return 'locked';
      }
      if (!isBusy(failure)) return failure;
      if (polls === 0) this.#retries += 1;
      this.#polls += 1;
      this.#flags.isWaitingForLock = true;
      this.pause(isWanted);
    }
    return 'given_up';
  }

  /** Sleeps for a moment of random length, while `isWanted`. */
  pause(isWanted: () => boolean): void {
    this.#waitingSince ??= performance.now();
    const longest = LONGEST_SLEEP_MS - SHORTER_PER_MS * (performance.now() - this.#waitingSince);
    const ms = SHORTEST_SLEEP_MS + Math.random() * Math.max(SHORTEST_SLEEP_MS, longest);
    this.#flags.sleepWhile(isWanted, ms);
  }
}

/** Begins a transaction that holds the write lock, and refreshes the schema. */
export function beginLocked(connection: ThreadConnection, flags: ThreadFlags): ThreadReply {
  const lock = new LockWait(flags);
  const isWanted = (): boolean => !flags.isCancelled(0);
  let result = lock.begin(connection, isWanted);
  while (result === 'locked' && connection.rollsBackCutWal()) result = lock.begin(connection, isWanted);
  if (result === 'locked') connection.refreshSchema();
  return { outcomes: [beginOutcome(result)], lock: lock.report() };
}

function beginOutcome(result: ReturnType<LockWait['begin']>): Outcome {
  if (result === 'locked') return DONE;
  return result === 'given_up' ? { kind: 'dropped' } : { kind: 'failure', failure: result };
}

function tryBegin(connection: ThreadConnection): Failure | undefined {
  try {
    connection.begin('begin immediate');
    return undefined;
  } catch (error) {
    return toFailure(error, 'run');
  }
}
