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
  /** The same by priority. */
  readonly waitsByPriority: Readonly<Record<Priority, SummarySnapshot>>;
  /** How long the lane was held. */
  readonly holds: SummarySnapshot;
  /** Waits that ended without the lane: deadline, signal, overload. */
  readonly failures: number;
  /** Who holds the lane now, where it has one holder at a time and that one took it for a while. */
  readonly holder?: LaneHolder;
}

/** Who holds a lane. */
export interface LaneHolder {
  /** What the caller called itself, or the name of the method. */
  readonly label: string;
  readonly heldMs: number;
  /** From where the lane was asked for. */
  readonly stack: string;
}

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
