import type { SluiceError, WaitOptions } from '@sluice/core';
import type { CallFlags, RemoteConnection } from './remote-connection.js';
import type { CallResult, OnPart } from './sqlite-thread.js';
import { memberOutcome, type Outcome, type ThreadRequest } from './thread-protocol.js';
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
  readonly #flags: CallFlags;
  readonly #resolve: (outcome: CallOutcome) => void;
  #watch: Watch | undefined;
  #isFinished = false;

  constructor(thread: RemoteConnection, request: ThreadRequest, wait: WaitOptions, onPart?: OnPart) {
    const { promise, resolve } = Promise.withResolvers<CallOutcome>();
    this.outcome = promise;
    this.#flags = thread.flags;
    this.#resolve = resolve;
    this.finished = thread.call(request, (part, member) => onPart?.(part, member));
    const watch = new Watch([wait], (_, createError) => this.end(createError));
    this.#watch = watch;
    void this.finished.then((result) => {
      this.#isFinished = true;
      watch.stop();
      resolve(orOver(toOutcome(result, 0, thread), watch, 0));
    });
  }

  get isFinished(): boolean {
    return this.#isFinished;
  }

  /** Answers the caller with an error, unless the COMMIT has begun. */
  end(createError: () => SluiceError): void {
    // The thread may serve another caller, or another file, by now.
    if (this.#isFinished || !this.#flags.cancel(0)) return;
    this.#resolve({ kind: 'over', createError });
    // Its timer would keep the process alive while the thread does not return.
    this.#watch?.stop();
  }
}

/** The outcome of one member of a call. */
export function toOutcome(result: CallResult, member: number, thread: RemoteConnection): CallOutcome {
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
