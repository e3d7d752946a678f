/** How long a caller waits for a connection that is being restored before another one is opened, in milliseconds. A reset takes one round trip. */
const MAX_WAIT_MS = 1000;

/** Counts the connections that are being restored. Callers wait for one of them instead of opening another one, which takes longer and may fail. */
export class Restoring {
  readonly #onGivenUp: () => void;
  #expected = 0;

  /** @param onGivenUp called when a connection takes too long to be waited for. */
  constructor(onGivenUp: () => void) {
    this.#onGivenUp = onGivenUp;
  }

  /** How many connections will soon be returned. */
  get expected(): number {
    return this.#expected;
  }

  /** Notes that a connection is being restored, until the returned function is called. */
  begin(): () => void {
    this.#expected += 1;
    const timer = setTimeout(() => {
      end();
      this.#onGivenUp();
    }, MAX_WAIT_MS);
    let hasEnded = false;
    const end = (): void => {
      if (hasEnded) return;
      hasEnded = true;
      clearTimeout(timer);
      this.#expected -= 1;
    };
    return end;
  }
}
