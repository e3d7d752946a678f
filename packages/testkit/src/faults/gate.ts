/** A place that traffic passes freely, or waits at until it opens again. */
export class Gate {
  #passage: PromiseWithResolvers<void> | undefined;

  /** Resolves when the gate is open; at once when it is open now. */
  async pass(): Promise<void> {
    // It may be shut again before those who waited get through.
    while (this.#passage !== undefined) await this.#passage.promise;
  }

  /** Idempotent. */
  shut(): void {
    this.#passage ??= Promise.withResolvers<void>();
  }

  /** Idempotent. */
  open(): void {
    this.#passage?.resolve();
    this.#passage = undefined;
  }
}
