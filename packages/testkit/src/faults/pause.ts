/** A switch that holds traffic back: while a pause is in force, `waitUntilOver` does not resolve. */
export class Pause {
  #end: PromiseWithResolvers<void> | undefined;

  /** Resolves when no pause is in force, at once if there is none now. */
  async waitUntilOver(): Promise<void> {
    // Another pause may begin before the waiters continue.
    while (this.#end !== undefined) await this.#end.promise;
  }

  /** Begins a pause. Idempotent. */
  begin(): void {
    this.#end ??= Promise.withResolvers<void>();
  }

  /** Ends the pause. Idempotent. */
  end(): void {
    this.#end?.resolve();
    this.#end = undefined;
  }
}
