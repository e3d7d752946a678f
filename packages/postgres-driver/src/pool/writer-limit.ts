/** The number of finished writers after which the limit may be raised. */
const WINDOW = 16;

/** The ratio of conflicts to finished writers above which the limit is lowered. */
const MAX_CONFLICT_RATIO = 0.1;

/** The number of conflicts below which the limit is not lowered, because a single one may be chance. */
const MIN_CONFLICTS = 2;

/** How long a lowered limit stays before it is raised by one, in milliseconds; doubles, up to the maximum, each time the raise caused conflicts. */
const MIN_COOLDOWN_MS = 50;
const MAX_COOLDOWN_MS = 10_000;

/** The least cooldown at a limit of one: all writers may write the same row, and a second active writer then costs more than it adds. */
const MIN_COOLDOWN_AT_ONE_MS = 1000;

/**
 * How many writers of one label may be active at once, found by additive increase and multiplicative decrease: halved when conflicts roll back more than
 * one in ten, else raised by one. Beyond that point more writers get less done, because rolled-back work is lost.
 */
export class WriterLimit {
  readonly #max: number;
  #limit: number;
  /** Counts the changes of the limit, so that writers that were admitted before a change do not cause the next one. */
  #epoch = 0;
  #finished = 0;
  #conflicts = 0;
  #cooldownMs = MIN_COOLDOWN_MS;
  #cooldownUntil = 0;
  #isProbing = false;

  /** @param max the limit at the start, and its maximum. */
  constructor(max: number) {
    this.#max = max;
    this.#limit = max;
  }

  get value(): number {
    return this.#limit;
  }

  get epoch(): number {
    return this.#epoch;
  }

  /** Whether the limit is at its maximum. */
  get isOpen(): boolean {
    return this.#limit === this.#max;
  }

  /** Records the end of a writer. @param epoch the {@link WriterLimit.epoch} when the writer was admitted. */
  record(isConflict: boolean, epoch: number): void {
    if (epoch !== this.#epoch) return;
    this.#finished += 1;
    if (isConflict) this.#conflicts += 1;
    if (this.#conflicts >= MIN_CONFLICTS && this.#conflicts > MAX_CONFLICT_RATIO * this.#finished)
      this.#lower();
    else if (this.#finished >= WINDOW) this.#raise();
  }

  #lower(): void {
    this.#cooldownMs = this.#isProbing ? Math.min(MAX_COOLDOWN_MS, 2 * this.#cooldownMs) : MIN_COOLDOWN_MS;
    this.#isProbing = false;
    this.#change(Math.max(1, Math.floor(this.#limit / 2)));
    if (this.#limit === 1) this.#cooldownMs = Math.max(this.#cooldownMs, MIN_COOLDOWN_AT_ONE_MS);
    this.#cooldownUntil = performance.now() + this.#cooldownMs;
  }

  #raise(): void {
    this.#finished = 0;
    this.#conflicts = 0;
    if (this.isOpen || performance.now() < this.#cooldownUntil) return;
    this.#isProbing = true;
    this.#change(this.#limit + 1);
  }

  #change(limit: number): void {
    this.#limit = limit;
    this.#epoch += 1;
    this.#finished = 0;
    this.#conflicts = 0;
  }
}
