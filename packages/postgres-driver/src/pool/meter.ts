import { type LaneMetrics, LaneWaits, type Priority, Summary } from '@sluice/core';
import type { ThrottleLease, ThrottleOptions } from './throttle.js';

/** The lane, or the throttle ahead of it. */
interface LeaseSource {
  acquire(options: ThrottleOptions): Promise<ThrottleLease>;
}

/** A lease that is measured for as long as its caller uses it. */
export interface MeasuredLease extends ThrottleLease {
  /** Notes that the caller is done with it. It may be released later, when the connection was made fit for the next caller. */
  leave(): void;
}

/** Measures one kind of caller, reads or writes, on the lane that both share. */
export class PostgresMeter {
  readonly #source: LeaseSource;
  readonly #permits: number;
  readonly #queued: Record<Priority, number> = { high: 0, normal: 0, low: 0 };
  readonly #waits = new LaneWaits();
  readonly #holds = new Summary();
  #held = 0;
  #failures = 0;

  constructor(source: LeaseSource, permits: number) {
    this.#source = source;
    this.#permits = permits;
  }

  /** Acquires and measures a lease. @throws as {@link PostgresThrottle.acquire}. */
  async acquire(options: ThrottleOptions): Promise<MeasuredLease> {
    const { priority = 'normal' } = options;
    this.#queued[priority] += 1;
    try {
      return this.#measure(await this.#source.acquire(options), priority);
    } catch (error) {
      this.#failures += 1;
      throw error;
    } finally {
      this.#queued[priority] -= 1;
    }
  }

  /** Counts callers that waited together with the one that has the lease. */
  recordJoined(others: number, waitedMs: number, priority: Priority): void {
    for (let count = 0; count < others; count += 1) this.#waits.record(waitedMs, priority);
  }

  /** The numbers at this moment. */
  metrics(): LaneMetrics {
    return {
      permits: this.#permits,
      held: this.#held,
      queued: { ...this.#queued },
      ...this.#waits.snapshot(),
      holds: this.#holds.snapshot(),
      failures: this.#failures,
    };
  }

  #measure(lease: ThrottleLease, priority: Priority): MeasuredLease {
    const since = performance.now();
    let hasLeft = false;
    let isReleased = false;
    this.#held += 1;
    this.#waits.record(lease.waitedMs, priority);
    const leave = (): void => {
      if (hasLeft) return;
      hasLeft = true;
      this.#held -= 1;
      this.#holds.record(performance.now() - since);
    };
    const release = (): void => {
      leave();
      if (isReleased) return;
      isReleased = true;
      lease.release();
    };
    return { ...lease, leave, release };
  }
}
