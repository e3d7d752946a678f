/** So many writers are watched before the limit is raised. */
const WINDOW = 16;

/** Conflicts per writer above which there are too many writers at once. */
const TOO_MANY = 0.1;

/** A single conflict proves nothing. */
const FEWEST_CONFLICTS = 2;

/** How long a limit that was found stays before one more is tried; it doubles each time that one was too many. */
const FIRST_REST_MS = 50;
const LONGEST_REST_MS = 10_000;

/** The same where only one is let in: it may be one row that all of them want, and a second one then undoes more than it adds. */
const REST_ALONE_MS = 1000;

/**
 * How many writers of one kind may be at work together: halved when conflicts undo more than one in ten, raised by one when they do not. Past
 * that point more writers get less done, because PostgreSQL throws away what it undoes.
 */
export class WriterLimit {
  readonly #most: number;
  #limit: number;
  /** Counts the changes, so that writers who were let in before one do not bring about the next. */
  #era = 0;
  #finished = 0;
  #conflicts = 0;
  #restMs = FIRST_REST_MS;
  #restUntil = 0;
  #isTrying = false;

  /** @param most how many there are room for. */
  constructor(most: number) {
    this.#most = most;
    this.#limit = most;
  }

  get value(): number {
    return this.#limit;
  }

  get era(): number {
    return this.#era;
  }

  /** Whether there is nothing to hold back. */
  get isOpen(): boolean {
    return this.#limit === this.#most;
  }

  /** @param era in which the writer was let in. */
  record(isConflict: boolean, era: number): void {
    if (era !== this.#era) return;
    this.#finished += 1;
    if (isConflict) this.#conflicts += 1;
    if (this.#conflicts >= FEWEST_CONFLICTS && this.#conflicts > TOO_MANY * this.#finished) this.#lower();
    else if (this.#finished >= WINDOW) this.#raise();
  }

  #lower(): void {
    this.#restMs = this.#isTrying ? Math.min(LONGEST_REST_MS, 2 * this.#restMs) : FIRST_REST_MS;
    this.#isTrying = false;
    this.#change(Math.max(1, Math.floor(this.#limit / 2)));
    if (this.#limit === 1) this.#restMs = Math.max(this.#restMs, REST_ALONE_MS);
    this.#restUntil = performance.now() + this.#restMs;
  }

  #raise(): void {
    this.#finished = 0;
    this.#conflicts = 0;
    if (this.isOpen || performance.now() < this.#restUntil) return;
    this.#isTrying = true;
    this.#change(this.#limit + 1);
  }

  #change(limit: number): void {
    this.#limit = limit;
    this.#era += 1;
    this.#finished = 0;
    this.#conflicts = 0;
  }
}
