import { withDeadline } from '../postgres-server/deadline.js';
import type { ConformanceTarget } from './conformance-target.js';

/** No case and no hook takes longer than this, whatever a driver does. */
export const CASE_TIMEOUT_MS = 40_000;

/** How long `open` and `close` may take unless the target says otherwise. */
const DEADLINE_MS = 30_000;

/** After so many cases that ran into their deadline the others are not tried: a run ends within minutes. */
const MAX_LATE_CASES = 5;

/** How long the suite waits for one driver. Once `open` or `close` hung, or too many cases did, every further case fails at once and says why. */
export class Patience {
  readonly #deadlineMs: number;
  #lateCases = 0;
  #lost: string | undefined;

  constructor(target: ConformanceTarget) {
    this.#deadlineMs = target.deadlineMs ?? DEADLINE_MS;
  }

  /** The one that all cases of a target share. */
  static of(target: ConformanceTarget): Patience {
    const known = BY_TARGET.get(target) ?? new Patience(target);
    BY_TARGET.set(target, known);
    return known;
  }

  /** Why nothing more is tried; `undefined` while all is well. */
  get lost(): string | undefined {
    return this.#lost;
  }

  /** Waits for `open()` or `close()` of the driver. @throws Error when it takes too long. */
  async wait<T>(what: 'close()' | 'open()', work: Promise<T>): Promise<T> {
    return withDeadline(work, this.#deadlineMs, () => {
      this.#lost ??= `${what} did not end within ${this.#deadlineMs} ms`;
      return new Error(`${what} did not end within ${this.#deadlineMs} ms.`);
    });
  }

  /** Counts a case that ran into its deadline. */
  countLateCase(): void {
    this.#lateCases += 1;
    if (this.#lateCases >= MAX_LATE_CASES) this.#lost ??= `${MAX_LATE_CASES} cases did not end in time`;
  }

  /** @throws Error once the driver hung. */
  assertLeft(): void {
    if (this.#lost !== undefined) throw new Error(`Not tried, because the driver hangs: ${this.#lost}.`);
  }
}

const BY_TARGET = new WeakMap<ConformanceTarget, Patience>();
