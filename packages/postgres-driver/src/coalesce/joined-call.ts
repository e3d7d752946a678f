import {
  AbortedError,
  type ExecuteOptions,
  type Statement,
  type StatementResult,
  TimeoutError,
} from '@sluice/core';

/** One call whose statement may be answered together with those of others. */
export class JoinedCall {
  readonly statement: Statement;
  readonly options: ExecuteOptions;
  /** The statement's parameters: text, bytes and nulls. */
  readonly bound: readonly (Buffer | string | null)[];
  readonly result: Promise<StatementResult>;
  /** Whether the signal or the deadline may end the call before its answer: not while its row is being inserted. */
  isCancellable = true;
  readonly #settle: PromiseWithResolvers<StatementResult> = Promise.withResolvers();
  readonly #onCancelled: (call: JoinedCall) => void;
  #isSettled = false;
  #unwatch: (() => void) | undefined;

  /** @param onCancelled called when the signal or the deadline ends the call. */
  constructor(
    statement: Statement,
    bound: readonly (Buffer | string | null)[],
    options: ExecuteOptions,
    onCancelled: (call: JoinedCall) => void,
  ) {
    this.statement = statement;
    this.bound = bound;
    this.options = options;
    this.result = this.#settle.promise;
    this.#onCancelled = onCancelled;
    if (options.signal !== undefined) this.#watch(options.signal);
  }

  /** Whether the call has its result or error, or was cancelled. */
  get isSettled(): boolean {
    return this.#isSettled;
  }

  /** In milliseconds of `performance.now()`. */
  get deadline(): number {
    return this.options.deadline ?? Number.POSITIVE_INFINITY;
  }

  resolve(result: StatementResult): void {
    this.#end();
    this.#settle.resolve(result);
  }

  reject(error: unknown): void {
    this.#end();
    this.#settle.reject(error);
  }

  /** Ends the call if its deadline has passed and it is cancellable. */
  cancelIfLate(now: number): void {
    if (this.#isSettled || !this.isCancellable || this.deadline > now) return;
    const message = 'The deadline passed before the statement was answered; nothing was changed.';
    this.reject(new TimeoutError(message, { operation: this.options.label }));
    this.#onCancelled(this);
  }

  #watch(signal: AbortSignal): void {
    const onAbort = (): void => {
      if (this.#isSettled || !this.isCancellable) return;
      const { label: operation } = this.options;
      const message = 'The signal was aborted before the statement was answered; nothing was changed.';
      this.reject(new AbortedError(message, { cause: signal.reason, operation }));
      this.#onCancelled(this);
    };
    signal.addEventListener('abort', onAbort, { once: true });
    // Assigned by name: V8 would allocate a function literal in the old generation, which keeps alive what it refers to.
    const unwatch = (): void => signal.removeEventListener('abort', onAbort);
    this.#unwatch = unwatch;
  }

  #end(): void {
    this.#isSettled = true;
    this.#unwatch?.();
  }
}

/** Resolves a call with the result of `make`, or rejects it with the error that `make` throws for a value. */
export function answerWith(call: JoinedCall, make: () => StatementResult): void {
  let result: StatementResult;
  try {
    result = make();
  } catch (error) {
    call.reject(error);
    return;
  }
  call.resolve(result);
}
