import { availableParallelism } from 'node:os';

/** Weight of the last attempt in the moving average. */
const WEIGHT = 1 / 16;

/** Spinning is used while at least this share of attempts succeeds. */
const WORTH = 1 / 4;

/** Below that share, one in this many attempts still spins, to notice a change. */
const TRY_EVERY = 16;

/**
 * Decides whether one side of a thread should spin for the other before it sleeps, as an adaptive spin lock does. Sleeping and waking cost tens of
 * microseconds, more than a small write. Spinning is worth it only while the other side answers quickly; recent attempts are the estimate.
 */
export class SpinBudget {
  readonly #isAlone: boolean;
  #success = 1;
  #skipped = 0;

  /** On a single processor it never spins: the other side could not run meanwhile. */
  constructor(processors: number = availableParallelism()) {
    this.#isAlone = processors === 1;
  }

  /** Whether to spin this time. */
  take(): boolean {
    if (this.#isAlone) return false;
    if (this.#success >= WORTH) return true;
    this.#skipped = (this.#skipped + 1) % TRY_EVERY;
    return this.#skipped === 0;
  }

  /** Records whether spinning found a message. */
  note(isFound: boolean): void {
    this.#success += WEIGHT * ((isFound ? 1 : 0) - this.#success);
  }
}
