import type { LaneHolder, QueueHolder } from '@sluice/core';

/** The transaction that holds the writer: its label, since when, and where it was begun. */
export class WriterHolder {
  #label = '';
  #since = 0;
  #origin: Error | undefined;

  /** @param origin Created where the caller asked for the writer. */
  begin(label: string, origin: Error): void {
    this.#label = label;
    this.#since = performance.now();
    this.#origin = origin;
  }

  end(): void {
    this.#origin = undefined;
  }

  /** How long the writer is held now, in milliseconds. */
  get heldMs(): number {
    return this.#origin === undefined ? 0 : performance.now() - this.#since;
  }

  /** The holder; `undefined` when there is none. */
  describe(): QueueHolder | undefined {
    if (this.#origin === undefined) return undefined;
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
