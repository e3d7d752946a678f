/** Reports when something was not used for a time. Noting a use is cheap, and the timer does not keep the process alive. */
export class IdleTimer {
  readonly #idleMs: number;
  readonly #onIdle: () => void;
  #timer: NodeJS.Timeout | undefined;
  #usedAt = 0;

  constructor(idleMs: number, onIdle: () => void) {
    this.#idleMs = idleMs;
    this.#onIdle = onIdle;
  }

  /** Notes a use. `onIdle` is called once when none follows in time. */
  note(): void {
    this.#usedAt = performance.now();
    this.#timer ??= this.#wait(this.#idleMs);
  }

  /** When it was last used, in milliseconds of `performance.now()`. */
  get usedAt(): number {
    return this.#usedAt;
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #wait(ms: number): NodeJS.Timeout {
    return setTimeout(() => this.#look(), ms).unref();
  }

  #look(): void {
    const leftMs = this.#usedAt + this.#idleMs - performance.now();
    this.#timer = leftMs > 0 ? this.#wait(Math.ceil(leftMs)) : undefined;
    if (leftMs <= 0) this.#onIdle();
  }
}
