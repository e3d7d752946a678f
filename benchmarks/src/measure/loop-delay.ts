/** How late the event loop was, in milliseconds. */
export interface LoopFigures {
  readonly p99: number;
  readonly max: number;
}

const TICK_MS = 1;

/** Measures how long the event loop is held: a timer that should fire every millisecond notes how late it was. */
export class LoopDelay {
  readonly #late: number[] = [];
  #timer: NodeJS.Timeout | undefined;
  #due = 0;
  /** When the loop last turned. */
  turnedAt = performance.now();

  start(): void {
    this.#late.length = 0;
    this.turnedAt = performance.now();
    this.#arm();
  }

  /** Ends the measurement. A delay still going on counts as far as it has come. */
  stop(): LoopFigures {
    clearTimeout(this.#timer);
    this.#note();
    const late = this.#late.toSorted((a, b) => a - b);
    return { p99: percentile(late, 0.99), max: late.at(-1) ?? 0 };
  }

  #arm(): void {
    this.#due = performance.now() + TICK_MS;
    this.#timer = setTimeout(() => {
      this.#note();
      this.turnedAt = performance.now();
      this.#arm();
    }, TICK_MS);
  }

  #note(): void {
    this.#late.push(Math.max(0, performance.now() - this.#due));
  }
}

/** The value below which `share` of the sorted values lie; 0 of none. */
export function percentile(sorted: ArrayLike<number>, share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

/** Goes on after everything that waits for the event loop has had its turn. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
