import { ConflictError, type SluiceError } from '@sluice/core';
import type { SqliteThread } from '../thread/sqlite-thread.js';
import type { ThreadReply } from '../thread/thread-protocol.js';
import { type CallOutcome, toOutcome } from '../thread/watched-call.js';

/** How many transactions share one COMMIT at most, and how long after the end of the first another one may still join. */
const MOST_MEMBERS = 64;
const LONGEST_MS = 10;

/**
 * The transactions that have finished and wait for the COMMIT that they share. Each one ran after the previous ones and saw their changes. So none
 * of them is answered before the COMMIT has succeeded, not even one that was rolled back.
 */
export class SharedCommit {
  #waiting: ((outcome: CallOutcome) => void)[] = [];
  #since = 0;
  /** How many of the next transactions get a COMMIT of their own, because a shared COMMIT has failed. */
  #separate = 0;
  #isClosed = false;

  /** How many transactions wait. */
  get size(): number {
    return this.#waiting.length;
  }

  /** Whether one more transaction may join. */
  get isOpen(): boolean {
    return (
      !this.#isClosed &&
      this.size < MOST_MEMBERS &&
      this.#separate === 0 &&
      performance.now() - this.#since < LONGEST_MS
    );
  }

  /** Refuses further transactions until the COMMIT. */
  close(): void {
    this.#isClosed = true;
  }

  /** Adds a transaction. Resolves with the outcome of the COMMIT. */
  join(): Promise<CallOutcome> {
    if (this.size === 0) this.#since = performance.now();
    return new Promise((settle) => this.#waiting.push(settle));
  }

  /** Makes the COMMIT and settles all transactions that wait. When it fails for several, each of them fails with a retryable ConflictError. */
  async commit(thread: SqliteThread, onReply: (reply: ThreadReply, members: number) => void): Promise<void> {
    const members = this.#waiting;
    this.#waiting = [];
    this.#isClosed = false;
    this.#separate = Math.max(0, this.#separate - members.length);
    const result = await thread.call({ op: 'commit' });
    const outcome = toOutcome(result, 0, thread);
    if (result.kind === 'reply') onReply(result.reply, members.length);
    const isShared = outcome.kind === 'failure' && members.length > 1;
    if (isShared) this.#separate = members.length;
    for (const settle of members) settle(isShared ? CONFLICT : outcome);
  }

  /** Settles all transactions that wait with a retryable ConflictError: the transaction that followed them has rolled back the shared one. */
  abandon(): void {
    const members = this.#waiting;
    if (members.length === 0) return;
    this.#waiting = [];
    this.#isClosed = false;
    this.#separate = members.length;
    for (const settle of members) settle(CONFLICT);
  }
}

const CONFLICT: CallOutcome = { kind: 'over', createError: sharedCommitError };

function sharedCommitError(): SluiceError {
  return new ConflictError(
    'shared_commit',
    'The transaction shared a COMMIT with another one, whose failure undid both; it is to be made again.',
  );
}
