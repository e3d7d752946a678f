import { ClosedError } from '../errors/flow-errors.js';
import { Summary } from '../metrics/summary.js';
import type { LaneMetrics } from './lane-metrics.js';
import { LaneWaits } from './lane-waits.js';
import { PRIORITIES } from './priority.js';
import { WaitingQueue, type WaitOptions } from './waiting-queue.js';

/** What a {@link Lane} is made with. */
export interface LaneOptions {
  /** Names what the lane gives, in messages: `a reader`. */
  readonly name: string;
  /** How many callers may hold the lane at once. */
  readonly permits: number;
  /** How many callers may wait; one more is refused with an OverloadedError. */
  readonly queueLimit: number;
}

/** A permit of a lane, held until it is released. */
export interface Lease {
  /** How long the caller waited for the lease, in milliseconds. */
  readonly waitedMs: number;
  /** Gives the permit back, to the next caller that waits. Further calls do nothing. */
  release(): void;
}

/** A counting semaphore: a fixed number of callers hold it at once, the others wait in a {@link WaitingQueue}. */
export class Lane {
  readonly #options: LaneOptions;
  readonly #queue: WaitingQueue<(lease: Lease) => void>;
  readonly #waits = new LaneWaits();
  readonly #holds = new Summary();
  #held = 0;
  #failures = 0;
  #closed = false;
  #drained: (() => void) | undefined;

  constructor(options: LaneOptions) {
    this.#options = options;
    this.#queue = new WaitingQueue({ name: options.name, limit: options.queueLimit });
  }

  /** Whether a caller would get a lease at once. */
  get isFree(): boolean {
    return this.#held < this.#options.permits && this.#queue.size === 0;
  }

  /** How many callers hold the lane now. */
  get held(): number {
    return this.#held;
  }

  /**
   * Waits for a lease.
   *
   * @throws ClosedError after {@link Lane.close}; OverloadedError, TimeoutError or AbortedError as {@link WaitingQueue} says.
   */
  acquire(options: WaitOptions = {}): Promise<Lease> {
    return new Promise((resolve, reject) => {
      if (this.#closed) throw new ClosedError('The storage is closed.');
      const drop = (error: Error): void => {
        this.#failures += 1;
        reject(error);
      };
      try {
        this.#queue.enqueue(resolve, options, drop);
      } catch (error) {
        this.#failures += 1;
        throw error;
      }
      this.#serve();
    });
  }

  /** Refuses new callers. Resolves when every caller that was accepted before has released its lease. */
  async close(): Promise<void> {
    this.#closed = true;
    if (this.#held === 0 && this.#queue.size === 0) return;
    await new Promise<void>((resolve) => {
      this.#drained = resolve;
    });
  }

  /** What the lane did so far. */
  metrics(): LaneMetrics {
    const [high, normal, low] = PRIORITIES.map((priority) => this.#queue.depth(priority));
    return {
      permits: this.#options.permits,
      held: this.#held,
      queued: { high: high ?? 0, normal: normal ?? 0, low: low ?? 0 },
      ...this.#waits.snapshot(),
      holds: this.#holds.snapshot(),
      failures: this.#failures,
    };
  }

  #serve(): void {
    while (this.#held < this.#options.permits) {
      const next = this.#queue.dequeue();
      if (next === undefined) break;
      this.#held += 1;
      this.#waits.record(next.waitedMs, next.priority);
      next.item(this.#lease(next.waitedMs));
    }
    if (this.#closed && this.#held === 0 && this.#queue.size === 0) this.#drained?.();
  }

  #lease(waitedMs: number): Lease {
    const since = performance.now();
    let released = false;
    const release = (): void => {
      if (released) return;
      released = true;
      this.#held -= 1;
      this.#holds.record(performance.now() - since);
      this.#serve();
    };
    return { waitedMs, release };
  }
}
