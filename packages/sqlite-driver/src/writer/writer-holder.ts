import type { Holding, LaneHolder } from '@sluice/core';

/** Who has the writer for a while, and where they took it. */
export class WriterHolder {
  #label = '';
  #since = 0;
  #origin: Error | undefined;

  /** @param origin made where the writer was asked for. */
  begin(label: string, origin: Error): void {
    this.#label = label;
    this.#since = performance.now();
    this.#origin = origin;
  }

  end(): void {
    this.#origin = undefined;
  }

  /** For how long it is held now, in milliseconds. */
  get heldMs(): number {
    return this.#origin === undefined ? 0 : performance.now() - this.#since;
  }

  /** `undefined` when nobody has it. */
  describe(): Holding | undefined {
    if (this.#origin === undefined) return undefined;
    return { label: this.#label, heldMs: this.heldMs, origin: this.#origin };
  }

  /** For metrics. */
  snapshot(): { readonly holder?: LaneHolder } {
    const holding = this.describe();
    if (holding === undefined) return {};
    const { label, heldMs, origin } = holding;
    return { holder: { label, heldMs, stack: origin.stack ?? '' } };
  }
}
