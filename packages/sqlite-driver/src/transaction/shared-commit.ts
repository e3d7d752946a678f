import { ConflictError, type SluiceError } from '@sluice/core';
import type { SqliteThread } from '../thread/sqlite-thread.js';
import type { ThreadReply } from '../thread/thread-protocol.js';
import { type CallOutcome, toOutcome } from '../thread/watched-call.js';

/** So many transactions at most share one COMMIT, begun at most so long after the first of them had finished. */
const MOST_MEMBERS = 64;
const LONGEST_MS = 10;

/**
 * The transactions that have finished and wait for the COMMIT that they share. Each ran after those before it and saw what they did, so
 * none is answered, not even one that was rolled back, before it is certain that they are durable.
 */
export class SharedCommit {
  #waiting: ((outcome: CallOutcome) => void)[] = [];
  #since = 0;
  /** Transactions that go apart, after a COMMIT of several failed through the fault of one. */
  #apart = 0;
  #isClosed = false;

  /** How many wait. */
  get size(): number {
    return this.#waiting.length;
  }

  /** Whether one more may join those that wait. */
  get isOpen(): boolean {
    return (
      !this.#isClosed &&
      this.size < MOST_MEMBERS &&
      this.#apart === 0 &&
      performance.now() - this.#since < LONGEST_MS
    );
  }

  /** Lets nobody join any more. */
  close(): void {
    this.#isClosed = true;
  }

  /** Waits for the COMMIT. */
  join(): Promise<CallOutcome> {
    if (this.size === 0) this.#since = performance.now();
    return new Promise((settle) => this.#waiting.push(settle));
  }

  /** Commits for all. */
  async commit(thread: SqliteThread, onReply: (reply: ThreadReply, members: number) => void): Promise<void> {
    const members = this.#waiting;
    this.#waiting = [];
    this.#isClosed = false;
    this.#apart = Math.max(0, this.#apart - members.length);
    const result = await thread.call({ op: 'commit' });
    const outcome = toOutcome(result, 0, thread);
    if (result.kind === 'reply') onReply(result.reply, members.length);
    const isSomebodysFault = outcome.kind === 'failure' && members.length > 1;
    if (isSomebodysFault) this.#apart = members.length;
    for (const settle of members) settle(isSomebodysFault ? CONFLICT : outcome);
  }

  /** The transaction that they shared is gone, through the fault of the one that came after them. */
  abandon(): void {
    const members = this.#waiting;
    if (members.length === 0) return;
    this.#waiting = [];
    this.#isClosed = false;
    this.#apart = members.length;
    for (const settle of members) settle(CONFLICT);
  }
}

const CONFLICT: CallOutcome = { kind: 'over', createError: sharedFate };

function sharedFate(): SluiceError {
  return new ConflictError(
    'shared_commit',
    'The transaction shared a COMMIT with another one, whose failure undid both; it is to be made again.',
  );
}
