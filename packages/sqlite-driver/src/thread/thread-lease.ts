import type { SluiceError, WaitOptions } from '@sluice/core';
import type { Failure } from '../errors/failure.js';
import type { ResultPart } from '../values/result-part.js';
import type { CallResult, SqliteThread } from './sqlite-thread.js';
import type { ThreadReply, ThreadRequest } from './thread-protocol.js';
import { type CallOutcome, WatchedCall } from './watched-call.js';

/** Takes a thread back. While `work` is pending, SQLite is still busy for somebody who has left. */
export type TakeBack = (thread: SqliteThread, work: Promise<unknown> | undefined) => void;

/** A thread that one caller has to itself, until it is released. */
export class ThreadLease {
  readonly #thread: SqliteThread;
  readonly #takeBack: TakeBack;
  readonly #onReply: (reply: ThreadReply) => void;
  readonly #undo: ThreadRequest;
  /** The call that the thread works on, also when its caller has left. */
  #running: Promise<unknown> | undefined;
  /** Called when the thread is given back, or taken. */
  onRelease: (() => void) | undefined;
  #isReleased = false;
  #revoked: (() => SluiceError) | undefined;

  /** @param undo what takes back the work of a holder from whom the thread is taken. */
  constructor(
    thread: SqliteThread,
    takeBack: TakeBack,
    onReply: (reply: ThreadReply) => void = () => {},
    undo: ThreadRequest = { op: 'rollback' },
  ) {
    this.#thread = thread;
    this.#takeBack = takeBack;
    this.#onReply = onReply;
    this.#undo = undo;
  }

  /** Whether the thread works for a caller who has left. */
  get isRunning(): boolean {
    return this.#running !== undefined;
  }

  /** The error that its holder is told since it was taken from him. */
  get revocation(): (() => SluiceError) | undefined {
    return this.#revoked;
  }

  get isReleased(): boolean {
    return this.#isReleased;
  }

  /** Resolves when the call under way is through. */
  get settled(): Promise<unknown> {
    return this.#running ?? Promise.resolve();
  }

  /** Makes a call and hands every part of a long result to `onPart`, which must not throw. */
  async call(
    request: ThreadRequest,
    wait: WaitOptions,
    onPart: (part: ResultPart) => void = () => {},
  ): Promise<CallOutcome> {
    await this.#running;
    if (this.#revoked !== undefined) return { kind: 'over', createError: this.#revoked };
    const call = this.#start(request, wait, (part) => {
      onPart(part);
      this.#thread.flags.addCredit();
    });
    return this.#told(await call.outcome);
  }

  /** Makes a call and yields the parts of its result, read no faster than they are consumed. Leaving early cancels it. */
  async *stream(request: ThreadRequest, wait: WaitOptions): AsyncGenerator<ResultPart, CallOutcome> {
    await this.#running;
    const parts: ResultPart[] = [];
    let news = Promise.withResolvers<void>();
    const call = this.#start(request, wait, (part) => {
      parts.push(part);
      news.resolve();
    });
    let outcome: CallOutcome | undefined;
    void call.outcome.then((settled) => {
      outcome = settled;
      news.resolve();
    });
    try {
      for (;;) {
        await news.promise;
        news = Promise.withResolvers<void>();
        if (this.#revoked !== undefined) return { kind: 'over', createError: this.#revoked };
        if (outcome?.kind === 'over') return outcome;
        for (let part = parts.shift(); part !== undefined; part = parts.shift()) {
          yield part;
          this.#thread.flags.addCredit();
        }
        if (outcome !== undefined) return this.#told(outcome);
      }
    } finally {
      if (!call.isFinished) this.#thread.flags.cancel(0);
    }
  }

  /** Gives the thread back, once `cleanup` was done and whoever left it at work is through. Further calls do nothing. */
  release(cleanup?: ThreadRequest): void {
    if (this.#isReleased) return;
    this.#isReleased = true;
    this.onRelease?.();
    this.#takeBack(this.#thread, cleanup === undefined ? this.#running : this.#cleanUp(cleanup));
  }

  /** Takes the thread from its holder, whose further calls end in the error. */
  revoke(createError: () => SluiceError): void {
    if (this.#isReleased) return;
    this.#revoked = createError;
    if (this.#running !== undefined) this.#thread.flags.cancel(0);
    this.release(this.#undo);
  }

  /** What was dropped because the lease was revoked ends in the error given then. */
  #told(outcome: CallOutcome): CallOutcome {
    if (this.#revoked === undefined || outcome.kind !== 'dropped') return outcome;
    return { kind: 'over', createError: this.#revoked };
  }

  async #cleanUp(cleanup: ThreadRequest): Promise<void> {
    await this.#running;
    this.#record(await this.#thread.call(cleanup));
  }

  #start(request: ThreadRequest, wait: WaitOptions, onPart: (part: ResultPart) => void): WatchedCall {
    const call = new WatchedCall(this.#thread, request, wait, onPart);
    this.#running = call.finished.then((result) => {
      this.#running = undefined;
      this.#record(result);
    });
    return call;
  }

  #record(result: CallResult): void {
    if (result.kind === 'reply') this.#onReply(result.reply);
  }
}

/** Why no lease could be had: the thread could not be started. */
export interface LeaseFailure {
  readonly failure: Failure;
}
