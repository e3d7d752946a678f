/** Delays of the event loop, in milliseconds. */
export interface LoopFigures {
  readonly p99: number;
  readonly max: number;
}

const TICK_MS = 1;

/** Measures how long the event loop is blocked: a timer that should fire every millisecond records its delay. */
export class LoopDelay {
  readonly #late: number[] = [];
  #timer: NodeJS.Timeout | undefined;
  #due = 0;
  /** The time of the last turn of the loop. */
  turnedAt = performance.now();

  start(): void {
    this.#late.length = 0;
    this.turnedAt = performance.now();
    this.#arm();
  }

  /** Ends the measurement. A current delay counts up to now. */
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

/** Returns the value below which `share` of the sorted values lie, or 0 without values. */
export function percentile(sorted: ArrayLike<number>, share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

/** Resolves after everything that waits for the event loop has run. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
