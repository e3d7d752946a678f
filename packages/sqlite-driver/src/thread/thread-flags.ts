/** How many members a request may have: the most statements of a group commit. */
export const MAX_MEMBERS = 512;

const WAKE = 0;
const ASLEEP = 1;
const LOCK_WAIT = 2;
const CREDIT = 3;
const RUNNING = 4;
const FIRST_MEMBER = 5;

const CANCELLED = 1;
const COMMITTING = 2;

/** The memory behind {@link ThreadFlags}, which is passed to a thread when it starts. */
export type SharedFlags = Int32Array<SharedArrayBuffer>;

/**
 * Shared memory that both sides of a thread read and write while the thread is busy and receives no messages: which members of the running
 * request were cancelled, which can no longer be cancelled, how many parts of a long result were consumed, and whether it waits for the file's lock.
 *
 * A member is either cancelled or committed, never both: {@link ThreadFlags.cancel} and {@link ThreadFlags.claim} compete for one word of
 * memory. A cancelled caller is therefore answered at once, while SQLite still works, and its statement is certain not to be committed.
 */
export class ThreadFlags {
  readonly shared: SharedFlags;

  constructor(shared: SharedFlags = new Int32Array(new SharedArrayBuffer((FIRST_MEMBER + MAX_MEMBERS) * 4))) {
    this.shared = shared;
  }

  /** Makes all members pending again. Call it only between two requests. */
  reset(): void {
    this.shared.fill(0, CREDIT);
  }

  /** Cancels a member. True when it will not be committed; false when its COMMIT has begun, so that the caller must wait for the outcome. */
  cancel(member: number): boolean {
    const before = Atomics.or(this.shared, FIRST_MEMBER + member, CANCELLED);
    this.announce();
    return (before & COMMITTING) === 0;
  }

  isCancelled(member: number): boolean {
    return (Atomics.load(this.shared, FIRST_MEMBER + member) & CANCELLED) !== 0;
  }

  /** Marks a member as committing, after which it cannot be cancelled. False when it was cancelled before. */
  claim(member: number): boolean {
    return Atomics.compareExchange(this.shared, FIRST_MEMBER + member, 0, COMMITTING) === 0;
  }

  /** Whether a thread that has ended may have committed a member. */
  isClaimed(member: number): boolean {
    return (Atomics.load(this.shared, FIRST_MEMBER + member) & COMMITTING) !== 0;
  }

  /** Undoes {@link ThreadFlags.claim} after a COMMIT that failed. */
  unclaim(member: number): void {
    Atomics.and(this.shared, FIRST_MEMBER + member, ~COMMITTING);
  }

  /** The member of a group whose statement runs. */
  get running(): number | undefined {
    const running = Atomics.load(this.shared, RUNNING);
    return running === 0 ? undefined : running - 1;
  }

  set running(member: number | undefined) {
    Atomics.store(this.shared, RUNNING, member === undefined ? 0 : member + 1);
  }

  /** Whether the thread waits for the write lock of the file, which another process or connection holds. */
  get isWaitingForLock(): boolean {
    return Atomics.load(this.shared, LOCK_WAIT) === 1;
  }

  set isWaitingForLock(isWaiting: boolean) {
    Atomics.store(this.shared, LOCK_WAIT, isWaiting ? 1 : 0);
  }

  /** Records that one part of a result was consumed. */
  addCredit(): void {
    Atomics.add(this.shared, CREDIT, 1);
    this.announce();
  }

  /** How many parts of the result were consumed. */
  get credit(): number {
    return Atomics.load(this.shared, CREDIT);
  }

  /** Counts the calls of {@link ThreadFlags.announce}; read it before {@link ThreadFlags.sleepSince}, so that none is missed. */
  get announced(): number {
    return Atomics.load(this.shared, WAKE);
  }

  /** Blocks the thread until the next announcement after `announced`, or until `ms` have passed. */
  sleepSince(announced: number, ms: number): void {
    Atomics.store(this.shared, ASLEEP, 1);
    Atomics.wait(this.shared, WAKE, announced, ms);
    Atomics.store(this.shared, ASLEEP, 0);
  }

  /** Blocks the thread once if `condition` holds: until the next announcement, or until `ms` have passed. */
  sleepWhile(condition: () => boolean, ms: number): void {
    const { announced } = this;
    if (condition()) this.sleepSince(announced, ms);
  }

  /** Announces a change, and wakes the thread if it sleeps. Waking a thread that spins would cost more than a small write. */
  announce(): void {
    Atomics.add(this.shared, WAKE, 1);
    if (Atomics.load(this.shared, ASLEEP) === 1) Atomics.notify(this.shared, WAKE);
  }
}
