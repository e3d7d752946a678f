/** Statistics of the durations recorded so far, in milliseconds. */
export interface SummarySnapshot {
  readonly count: number;
  readonly totalMs: number;
  /** The mean; 0 while `count` is 0. */
  readonly avgMs: number;
  readonly maxMs: number;
}

/** Keeps the count, sum and maximum of durations, in constant memory. */
export class Summary {
  #count = 0;
  #totalMs = 0;
  #maxMs = 0;

  record(ms: number): void {
    this.#count += 1;
    this.#totalMs += ms;
    if (ms > this.#maxMs) this.#maxMs = ms;
  }

  snapshot(): SummarySnapshot {
    const avgMs = this.#count === 0 ? 0 : this.#totalMs / this.#count;
    return { count: this.#count, totalMs: this.#totalMs, avgMs, maxMs: this.#maxMs };
  }
}
