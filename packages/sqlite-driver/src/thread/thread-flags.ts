/** Members one request may have: the most statements of a group commit. */
export const MAX_MEMBERS = 512;

const WAKE = 0;
const ASLEEP = 1;
const CREDIT = 2;
const FIRST_MEMBER = 3;

const CANCELLED = 1;
const COMMITTING = 2;

/** The memory behind {@link ThreadFlags}, as it is handed to a thread. */
export type SharedFlags = Int32Array<SharedArrayBuffer>;

/**
 * What both sides of a thread see at once, while the thread is busy and reads no messages: which members of the running request were
 * cancelled, which are past the point where they can be, and how much of a long result was consumed.
 *
 * A member is either cancelled or committed, never both: {@link ThreadFlags.cancel} and {@link ThreadFlags.claim} race on one word
 * of memory, so a caller that was told “it did not happen” can be told so at once, while SQLite is still at work.
 */
export class ThreadFlags {
  readonly shared: SharedFlags;

  constructor(shared: SharedFlags = new Int32Array(new SharedArrayBuffer((FIRST_MEMBER + MAX_MEMBERS) * 4))) {
    this.shared = shared;
  }

  /** Makes all members pending again. Called between two requests only. */
  reset(): void {
    this.shared.fill(0, CREDIT);
  }

  /** Asks that a member be dropped. True when it will be; false when its COMMIT is under way, so that only the outcome can tell. */
  cancel(member: number): boolean {
    const before = Atomics.or(this.shared, FIRST_MEMBER + member, CANCELLED);
    this.announce();
    return (before & COMMITTING) === 0;
  }

  isCancelled(member: number): boolean {
    return (Atomics.load(this.shared, FIRST_MEMBER + member) & CANCELLED) !== 0;
  }

  /** Takes a member past the point where it can be cancelled. False when it was cancelled before. */
  claim(member: number): boolean {
    return Atomics.compareExchange(this.shared, FIRST_MEMBER + member, 0, COMMITTING) === 0;
  }

  /** Whether a member may have been committed by a thread that is gone. */
  isClaimed(member: number): boolean {
    return (Atomics.load(this.shared, FIRST_MEMBER + member) & COMMITTING) !== 0;
  }

  /** Takes a claim back, after a COMMIT that failed. */
  unclaim(member: number): void {
    Atomics.and(this.shared, FIRST_MEMBER + member, ~COMMITTING);
  }

  /** Says that one part of a result was consumed. */
  addCredit(): void {
    Atomics.add(this.shared, CREDIT, 1);
    this.announce();
  }

  /** How many parts of the result were consumed. */
  get credit(): number {
    return Atomics.load(this.shared, CREDIT);
  }

  /** What {@link ThreadFlags.sleepSince} is given, to miss no news in between. */
  get news(): number {
    return Atomics.load(this.shared, WAKE);
  }

  /** Sleeps in the thread until there is something new since `news`, or `ms` have passed. */
  sleepSince(news: number, ms: number): void {
    Atomics.store(this.shared, ASLEEP, 1);
    Atomics.wait(this.shared, WAKE, news, ms);
    Atomics.store(this.shared, ASLEEP, 0);
  }

  /** Sleeps in the thread while `condition` holds: until something changes, or `ms` have passed. */
  sleepWhile(condition: () => boolean, ms: number): void {
    const { news } = this;
    if (condition()) this.sleepSince(news, ms);
  }

  /** Says that there is something new. A thread that watches is not woken, which costs more than a small write. */
  announce(): void {
    Atomics.add(this.shared, WAKE, 1);
    if (Atomics.load(this.shared, ASLEEP) === 1) Atomics.notify(this.shared, WAKE);
  }
}
