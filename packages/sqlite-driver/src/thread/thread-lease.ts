import { type SluiceError, TimeoutError, type WaitOptions } from '@sluice/core';
import type { Failure } from '../errors/failure.js';
import type { ResultPart } from '../values/result-part.js';
import type { RemoteConnection } from './remote-connection.js';
import type { CallResult } from './sqlite-thread.js';
import type { ThreadReply, ThreadRequest } from './thread-protocol.js';
import { type CallOutcome, WatchedCall } from './watched-call.js';

/** How long a statement may continue in a transaction after its caller was cancelled, before the transaction is ended. */
const GRACE_MS = 5000;

/** Takes a released connection back. While `work` is pending, SQLite still works for a caller that was cancelled. */
export type TakeBack = (work: Promise<unknown> | undefined) => void;

/** The exclusive use of a connection by one caller, until it is released or revoked. The connection is in a thread, or in a process of its own. */
export class ThreadLease {
  readonly #thread: RemoteConnection;
  readonly #takeBack: TakeBack;
  readonly #onReply: (reply: ThreadReply) => void;
  readonly #undo: ThreadRequest;
  /** The call that the thread works on, also after its caller was cancelled. */
  #running: Promise<unknown> | undefined;
  #call: WatchedCall | undefined;
  #statement: string | undefined;
  readonly #ended = Promise.withResolvers<void>();
  #onRelease: (() => void) | undefined;
  #onFirstCall: (() => void) | undefined;
  #isReleased = false;
  #revoked: (() => SluiceError) | undefined;

  /** @param undo The request that undoes the holder's work when the lease is revoked. */
  constructor(
    thread: RemoteConnection,
    takeBack: TakeBack,
    onReply: (reply: ThreadReply) => void = () => {},
    undo: ThreadRequest = { op: 'rollback' },
  ) {
    this.#thread = thread;
    this.#takeBack = takeBack;
    this.#onReply = onReply;
    this.#undo = undo;
  }

  /** Whether the thread still works on a call. */
  get isRunning(): boolean {
    return this.#running !== undefined;
  }

  /** Makes the error of the holder's calls, once the lease is revoked. */
  get revocation(): (() => SluiceError) | undefined {
    return this.#revoked;
  }

  get isReleased(): boolean {
    return this.#isReleased;
  }

  // Not properties to assign to: V8 allocates a function literal that is assigned to a property in the old generation, where it keeps alive all that it
  // refers to until the next full collection, even the results of the call.

  /** Calls `onRelease` when the lease is released or revoked. */
  onRelease(onRelease: () => void): void {
    this.#onRelease = onRelease;
  }

  /** Calls `onFirstCall` at the first call. */
  onFirstCall(onFirstCall: () => void): void {
    this.#onFirstCall = onFirstCall;
  }

  /** The text of the statement that the last call ran; `undefined` when it ran none. */
  get statement(): string | undefined {
    return this.#statement;
  }

  /** Resolves when the call in flight has ended. */
  get settled(): Promise<unknown> {
    return this.#running ?? Promise.resolve();
  }

  /** Makes a call and passes every part of a long result to `onPart`, which must not throw. */
  async call(
    request: ThreadRequest,
    wait: WaitOptions,
    onPart: (part: ResultPart) => void = () => {},
  ): Promise<CallOutcome> {
    await this.#free();
    if (this.#revoked !== undefined) return { kind: 'over', createError: this.#revoked };
    const call = this.#start(request, wait, (part) => {
      onPart(part);
      this.#thread.flags.addCredit();
    });
    return this.#withRevocation(await call.outcome);
  }

  /** Makes a call and yields the parts of its result, with backpressure. Ending the iteration early cancels the call. */
  async *stream(request: ThreadRequest, wait: WaitOptions): AsyncGenerator<ResultPart, CallOutcome> {
    await this.#free();
    if (this.#revoked !== undefined) return { kind: 'over', createError: this.#revoked };
    const parts: ResultPart[] = [];
    let changed = Promise.withResolvers<void>();
    const call = this.#start(request, wait, (part) => {
      parts.push(part);
      changed.resolve();
    });
    let outcome: CallOutcome | undefined;
    void call.outcome.then((settled) => {
      outcome = settled;
      changed.resolve();
    });
    try {
      for (;;) {
        await changed.promise;
        changed = Promise.withResolvers<void>();
        if (this.#revoked !== undefined) return { kind: 'over', createError: this.#revoked };
        if (outcome?.kind === 'over') return outcome;
        for (let part = parts.shift(); part !== undefined; part = parts.shift()) {
          yield part;
          this.#thread.flags.addCredit();
        }
        if (outcome !== undefined) return this.#withRevocation(outcome);
      }
    } finally {
      if (!call.isFinished) {
        this.#thread.flags.cancel(0);
        this.#awaitReturn(call.finished);
      }
    }
  }

  /** Releases the thread, after the call in flight and the request `cleanup` have ended. Further calls of this method do nothing. */
  release(cleanup?: ThreadRequest): void {
    if (this.#isReleased) return;
    this.#isReleased = true;
    this.#onRelease?.();
    this.#takeBack(cleanup === undefined ? this.#running : this.#cleanUp(cleanup));
  }

  /**
   * Revokes the lease: cancels the call in flight, undoes the holder's work, and releases the thread. The holder's further calls fail with
   * the error.
   */
  revoke(createError: () => SluiceError): void {
    if (this.#isReleased) return;
    this.#revoked = createError;
    this.#ended.resolve();
    if (this.#running !== undefined) this.#call?.end(createError);
    this.release(this.#undo);
  }

  /** Replaces `dropped` by the error of the revocation. */
  #withRevocation(outcome: CallOutcome): CallOutcome {
    if (this.#revoked === undefined || outcome.kind !== 'dropped') return outcome;
    return { kind: 'over', createError: this.#revoked };
  }

  async #cleanUp(cleanup: ThreadRequest): Promise<void> {
    await this.#running;
    this.#record(await this.#thread.call(cleanup));
  }

  #start(request: ThreadRequest, wait: WaitOptions, onPart: (part: ResultPart) => void): WatchedCall {
    this.#onFirstCall?.();
    this.#onFirstCall = undefined;
    const call = new WatchedCall(this.#thread, request, wait, onPart);
    this.#call = call;
    this.#statement = 'statement' in request ? request.statement.sql : undefined;
    this.#running = call.finished.then((result) => {
      this.#running = undefined;
      this.#record(result);
    });
    void call.outcome.then((outcome) => {
      if (outcome.kind === 'over' && !call.isFinished) this.#awaitReturn(call.finished);
    });
    return call;
  }

  /** Resolves when the connection can take a call, or the lease is revoked because it cannot. */
  async #free(): Promise<void> {
    if (this.#running !== undefined) await Promise.race([this.#running, this.#ended.promise]);
  }

  /** Ends a transaction whose statement was cancelled and does not return. */
  #awaitReturn(finished: Promise<unknown>): void {
    const timer = setTimeout(() => this.revoke(stuckError), GRACE_MS).unref();
    void finished.then(() => clearTimeout(timer));
  }

  #record(result: CallResult): void {
    if (result.kind === 'reply') this.#onReply(result.reply);
  }
}

function stuckError(): TimeoutError {
  return new TimeoutError(
    'An earlier statement of this transaction was cut off and does not return from SQLite, so the transaction was ended; nothing of it was kept.',
  );
}

/** Why a lease could not be acquired: the thread could not be started. */
export interface LeaseFailure {
  readonly failure: Failure;
}
