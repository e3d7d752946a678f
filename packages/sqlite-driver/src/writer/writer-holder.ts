import type { LaneHolder, QueueHolder } from '@sluice/core';

/** The transaction that holds the writer: its label, since when, and where it was begun. One that waits for the lock of another process holds nothing yet. */
export class WriterHolder {
  readonly #isWaitingForLock: () => boolean;
  #label = '';
  #since = 0;
  #origin: Error | undefined;

  /** @param isWaitingForLock Whether the writer's thread waits for the lock of the file. */
  constructor(isWaitingForLock: () => boolean) {
    this.#isWaitingForLock = isWaitingForLock;
  }

  /** @param origin Created where the caller asked for the writer. */
  begin(label: string, origin: Error): void {
    this.#label = label;
    this.#since = performance.now();
    this.#origin = origin;
  }

  end(): void {
    this.#origin = undefined;
  }

  /** Leaves a wait for the lock of the file out of the time for which the writer is held. */
  waited(ms: number): void {
    this.#since += ms;
  }

  /** How long the writer is held now, in milliseconds. */
  get heldMs(): number {
    return this.#origin === undefined ? 0 : performance.now() - this.#since;
  }

  /** The holder; `undefined` when there is none, or when another process holds the lock. */
  describe(): QueueHolder | undefined {
    if (this.#origin === undefined || this.#isWaitingForLock()) return undefined;
    return { label: this.#label, heldMs: this.heldMs, origin: this.#origin };
  }

  /** The holder, for metrics. */
  snapshot(): { readonly holder?: LaneHolder } {
    const holding = this.describe();
    if (holding === undefined) return {};
    const { label, heldMs, origin } = holding;
    return { holder: { label, heldMs, stack: origin.stack ?? '' } };
  }
}
