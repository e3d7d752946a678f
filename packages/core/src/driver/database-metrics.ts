import type { LaneMetrics } from '../lane/lane-metrics.js';
import type { SummarySnapshot } from '../metrics/summary.js';

/** A time when the engine's own lock was not to be had at once. */
export interface LockEvent {
  /** In milliseconds since 1970. */
  readonly at: number;
  /** Whether it was had in the end. */
  readonly kind: 'failure' | 'retry';
}

/** Attempts to take the engine's own lock: SQLite's write lock, PostgreSQL's row and predicate locks. */
export interface LockMetrics {
  readonly attempts: number;
  readonly successes: number;
  /** Attempts that ended in an error to the caller. */
  readonly failures: number;
  /** Attempts made again after the engine said busy, locked, deadlock or serialization failure. */
  readonly retries: number;
  readonly waits: SummarySnapshot;
  /** `failures / attempts`; 0 while there are none. */
  readonly failureRate: number;
  /** The last time that the lock was not to be had at once; left out while it always was. */
  readonly lastEvent?: LockEvent;
}

/** What a driver measures; the same shape on every driver (contract C14). */
export interface DatabaseMetrics {
  readonly writer: LaneMetrics;
  readonly readers: LaneMetrics;
  readonly locks: LockMetrics;
  /** Transactions committed, single statements included. */
  readonly commits: number;
  /** Transactions rolled back. */
  readonly rollbacks: number;
  /** Figures only this engine has, by name: `walBytes`, `poolIdle`. */
  readonly engine: Readonly<Record<string, number>>;
}
