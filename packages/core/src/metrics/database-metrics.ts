import type { Priority } from '../lane/waiting-queue.js';
import type { SummarySnapshot } from './summary.js';

/** What one lane (the writer, the readers, a pool) did so far. */
export interface LaneMetrics {
  /** How many may hold the lane at once. */
  readonly permits: number;
  /** How many hold it now. */
  readonly held: number;
  /** How many wait now. */
  readonly queued: Readonly<Record<Priority, number>>;
  /** How long those served have waited. */
  readonly waits: SummarySnapshot;
  /** How long the lane was held. */
  readonly holds: SummarySnapshot;
  /** Waits that ended without the lane: deadline, signal, overload. */
  readonly failures: number;
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
