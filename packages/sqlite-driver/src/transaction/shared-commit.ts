import { CommitWindow, sharedCommitError } from '@sluice/core';
import { CHANGED } from '../errors/failure.js';
import type { SqliteThread } from '../thread/sqlite-thread.js';
import type { ThreadReply } from '../thread/thread-protocol.js';
import { type CallOutcome, toOutcome } from '../thread/watched-call.js';

/** The maximum number of members. More would save little of a flush, and make each wait longer for its answer. */
const MAX_MEMBERS = 64;

/**
 * The transactions that have finished and wait for the COMMIT that they share, by the rules of core's {@link CommitWindow}. Each one ran after the
 * previous ones and saw their changes. So none of them is answered before the COMMIT has succeeded, not even one that was rolled back.
 *
 * Any transaction that core replays may follow at its first attempt: there is one writer, and each transaction sees what was written before it. On
 * PostgreSQL, where others write at the same time, only writers of one hot spot may.
 */
export class SharedCommit {
  #waiting: ((outcome: CallOutcome) => void)[] = [];
  #window = new CommitWindow(MAX_MEMBERS);
  /** How many of the next transactions get a COMMIT of their own, so that the replays after a failed shared COMMIT run alone. */
  #separate = 0;

  /** How many transactions wait. */
  get size(): number {
    return this.#waiting.length;
  }

  /** Whether one more transaction may join. */
  get isOpen(): boolean {
    return this.#separate === 0 && this.#window.isOpenFor(this.size);
  }

  /** Refuses further transactions until the COMMIT. */
  close(): void {
    this.#window.close();
  }

  /** Adds a transaction. Resolves with the outcome of the COMMIT. */
  join(): Promise<CallOutcome> {
    this.#window.noteFinished();
    return new Promise((settle) => this.#waiting.push(settle));
  }

  /** Makes the COMMIT and settles all transactions that wait. When it fails for several, each of them fails with a retryable ConflictError. */
  async commit(thread: SqliteThread, onReply: (reply: ThreadReply, members: number) => void): Promise<void> {
    const members = this.#startOver();
    this.#separate = Math.max(0, this.#separate - members.length);
    const result = await thread.call({ op: 'commit' });
    const outcome = toOutcome(result, 0, thread);
    if (result.kind === 'reply') onReply(result.reply, members.length);
    // Nobody is to try again in files that somebody changed.
    const isShared = outcome.kind === 'failure' && outcome.failure.code !== CHANGED && members.length > 1;
    if (isShared) this.#separate = members.length;
    for (const settle of members) settle(isShared ? CONFLICT : outcome);
  }

  /** Settles all transactions that wait with a retryable ConflictError: the transaction that followed them has rolled back the shared one. */
  abandon(): void {
    if (this.size === 0) return;
    const members = this.#startOver();
    this.#separate = members.length;
    for (const settle of members) settle(CONFLICT);
  }

  #startOver(): ((outcome: CallOutcome) => void)[] {
    const members = this.#waiting;
    this.#waiting = [];
    this.#window = new CommitWindow(MAX_MEMBERS);
    return members;
  }
}

const CONFLICT: CallOutcome = { kind: 'over', createError: sharedCommitError };
