import type { LaneMetrics } from '../lane/lane-metrics.js';
import type { SummarySnapshot } from '../metrics/summary.js';

/** An attempt to take the engine's own lock that did not succeed at once. */
export interface LockEvent {
  /** In milliseconds since 1970. */
  readonly at: number;
  /** `retry` when the attempt was made again; `failure` when the caller got an error. */
  readonly kind: 'failure' | 'retry';
}

/** Attempts to take the engine's own lock: SQLite's write lock, PostgreSQL's row and predicate locks. */
export interface LockMetrics {
  readonly attempts: number;
  readonly successes: number;
  /** Attempts after which the caller got an error. */
  readonly failures: number;
  /**
   * Attempts that did not succeed at once, because the engine reported busy, locked, a deadlock or a serialization failure. Each counts once, however
   * often its wait looked for the lock.
   */
  readonly retries: number;
  /** How long the callers waited for the lock. */
  readonly waits: SummarySnapshot;
  /** `failures / attempts`; 0 while there are none. */
  readonly failureRate: number;
  /** The waits by the label of the call that held the lock, where the engine tells who held it; left out while there is none. */
  readonly holders?: Readonly<Record<string, SummarySnapshot>>;
  /** The last attempt that did not succeed at once; left out while there is none. */
  readonly lastEvent?: LockEvent;
}

/** What a driver measured since it opened the database; the same shape on every driver (contract C14). */
export interface DatabaseMetrics {
  readonly writer: LaneMetrics;
  readonly readers: LaneMetrics;
  readonly locks: LockMetrics;
  /** Committed transactions, single statements included. */
  readonly commits: number;
  /** Transactions that were rolled back. */
  readonly rollbacks: number;
  /** Numbers that only this engine has, by name: `walBytes`, `poolIdle`. */
  readonly engine: Readonly<Record<string, number>>;
}
