import type { SluiceError, WaitOptions } from '@sluice/core';
import type { CallResult, OnPart, SqliteThread } from './sqlite-thread.js';
import type { Outcome, ThreadReply, ThreadRequest } from './thread-protocol.js';
import { Watch } from './watch.js';

/** The outcome of a call, as the calling side sees it. */
export type CallOutcome =
  | Outcome
  /** Its deadline passed, its signal was aborted, or its lease was revoked. */
  | { readonly kind: 'over'; readonly createError: () => SluiceError }
  /** The thread ended. `isUnknown`: during COMMIT, so that the write may or may not be durable. */
  | { readonly kind: 'lost'; readonly isUnknown: boolean; readonly cause: unknown };

/** A call to a thread with a deadline and a signal. When one of them ends it, the caller is answered at once, while SQLite may still work. */
export class WatchedCall {
  /** The outcome for the caller. */
  readonly outcome: Promise<CallOutcome>;
  /** Resolves when the thread is free again, or has ended. */
  readonly finished: Promise<CallResult>;
  #isFinished = false;

  constructor(thread: SqliteThread, request: ThreadRequest, wait: WaitOptions, onPart?: OnPart) {
    const { promise, resolve } = Promise.withResolvers<CallOutcome>();
    this.outcome = promise;
    this.finished = thread.call(request, (part, member) => onPart?.(part, member));
    const watch = new Watch([wait], (_, createError) => {
      if (thread.flags.cancel(0)) resolve({ kind: 'over', createError });
    });
    void this.finished.then((result) => {
      this.#isFinished = true;
      watch.stop();
      resolve(orOver(toOutcome(result, 0, thread), watch, 0));
    });
  }

  get isFinished(): boolean {
    return this.#isFinished;
  }
}

/** The outcome of one member of a call. */
export function toOutcome(result: CallResult, member: number, thread: SqliteThread): CallOutcome {
  if (result.kind === 'lost') {
    return { kind: 'lost', isUnknown: thread.flags.isClaimed(member), cause: result.cause };
  }
  return memberOutcome(result.reply, member);
}

/** Replaces `dropped` by the error of a call that was over. */
export function orOver(outcome: CallOutcome, watch: Watch | undefined, index: number): CallOutcome {
  const createError = outcome.kind === 'dropped' ? watch?.errorOf(index) : undefined;
  return createError === undefined ? outcome : { kind: 'over', createError };
}

/** The outcome of one member in a reply. */
export function memberOutcome({ outcomes }: ThreadReply, member: number): Outcome {
  const outcome = outcomes[member];
  if (outcome === undefined) throw new RangeError(`The thread gave no outcome for member ${member}.`);
  return typeof outcome === 'number'
    ? { kind: 'result', last: undefined, changes: outcome, lastInsertId: undefined }
    : outcome;
}
