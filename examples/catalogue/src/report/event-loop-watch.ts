import { monitorEventLoopDelay } from 'node:perf_hooks';

/** The interval of the measurement, in milliseconds. */
const RESOLUTION_MS = 1;

/** Measures how long the event loop is blocked. */
export class EventLoopWatch {
  readonly #delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });

  constructor() {
    this.#delays.enable();
  }

  /**
   * Returns the longest stall so far, in milliseconds. The histogram measures the time between two samples, so one interval is subtracted.
   */
  longestMs(): number {
    const ms = this.#delays.max / 1e6 - RESOLUTION_MS;
    return Number.isFinite(ms) ? Math.max(0, ms) : 0;
  }
}
