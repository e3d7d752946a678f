const SLOTS = 12;
const SLOT_MS = 5_000;

/** Below this time a rate would be that of an instant. */
const SHORTEST_MS = 1_000;

/** Counts events of about the last minute, in constant memory. Times are those of `performance.now()`. */
export class Rate {
  readonly #since: number;
  readonly #counts: number[] = Array.from({ length: SLOTS }, () => 0);
  #newest: number;

  /** `since` is when the counting began. */
  constructor(since: number) {
    this.#since = since;
    this.#newest = slotOf(since);
  }

  record(now: number): void {
    this.#moveOn(now);
    this.#counts[this.#newest % SLOTS] = (this.#counts[this.#newest % SLOTS] ?? 0) + 1;
  }

  /** Events per second, over the last 55 to 60 seconds or since the counting began. */
  perSecond(now: number): number {
    this.#moveOn(now);
    const from = Math.max(this.#since, (this.#newest - SLOTS + 1) * SLOT_MS);
    const events = this.#counts.reduce((total, count) => total + count, 0);
    return (events * 1000) / Math.max(now - from, SHORTEST_MS);
  }

  #moveOn(now: number): void {
    const slot = slotOf(now);
    if (slot === this.#newest) return;
    for (let passed = Math.max(this.#newest + 1, slot - SLOTS + 1); passed <= slot; passed += 1) {
      this.#counts[passed % SLOTS] = 0;
    }
    this.#newest = slot;
  }
}

function slotOf(time: number): number {
  return Math.floor(time / SLOT_MS);
}
