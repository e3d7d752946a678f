import type { SummarySnapshot } from '../metrics/summary.js';
import type { Priority } from './priority.js';

/** What one lane (the writer, the readers, a pool) did so far. */
export interface LaneMetrics {
  /** How many callers may hold the lane at once. */
  readonly permits: number;
  /** How many callers hold it now. */
  readonly held: number;
  /** How many callers wait now, by priority. */
  readonly queued: Readonly<Record<Priority, number>>;
  /** How long the callers that got the lane had waited. */
  readonly waits: SummarySnapshot;
  /** The same by priority. */
  readonly waitsByPriority: Readonly<Record<Priority, SummarySnapshot>>;
  /** How long the lane was held. */
  readonly holds: SummarySnapshot;
  /** Waits that ended without the lane: by a deadline, a signal, or a full queue. */
  readonly failures: number;
  /**
   * The present holder; left out while there is none, and while it waits itself for a lock that another process holds. Only for a lane with one
   * permit that an interactive transaction holds.
   */
  readonly holder?: LaneHolder;
}

/** The holder of a lane. */
export interface LaneHolder {
  /** The `label` of the call, or the name of the method. */
  readonly label: string;
  readonly heldMs: number;
  /** The stack at the call that asked for the lane. */
  readonly stack: string;
}
