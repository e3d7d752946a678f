import { availableParallelism } from 'node:os';

/** What a single look weighs among those before it. */
const WEIGHT = 1 / 16;

/** Watching is worth it while it succeeds at least this often. */
const WORTH = 1 / 4;

/** While it is not worth it, it is tried once in this many times. */
const TRY_EVERY = 16;

/**
 * Whether one side of a thread should watch for the other before it sleeps, as a spin lock does: falling asleep and being woken costs tens of
 * microseconds, more than a small write. It is worth it only while the other side is quick, which the last times tell.
 */
export class SpinBudget {
  readonly #isAlone: boolean;
  #success = 1;
  #skipped = 0;

  /** On a single processor the other side would wait for the watching to end. */
  constructor(processors: number = availableParallelism()) {
    this.#isAlone = processors === 1;
  }

  /** Whether to watch this time. */
  take(): boolean {
    if (this.#isAlone) return false;
    if (this.#success >= WORTH) return true;
    this.#skipped = (this.#skipped + 1) % TRY_EVERY;
    return this.#skipped === 0;
  }

  /** Says whether watching was worth it. */
  note(isFound: boolean): void {
    this.#success += WEIGHT * ((isFound ? 1 : 0) - this.#success);
  }
}
