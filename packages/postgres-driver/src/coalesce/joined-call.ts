import {
  AbortedError,
  type ExecuteOptions,
  type Statement,
  type StatementResult,
  TimeoutError,
} from '@sluice/core';

/** One caller whose statement may be answered together with those of others. */
export class JoinedCall {
  readonly statement: Statement;
  readonly options: ExecuteOptions;
  /** The statement's parameters: text, bytes and nulls. */
  readonly bound: readonly (Buffer | string | null)[];
  readonly result: Promise<StatementResult>;
  /** Whether the caller may go before it has an answer: not while its row is on its way into the database. */
  mayLeave = true;
  readonly #settle: PromiseWithResolvers<StatementResult> = Promise.withResolvers();
  readonly #onLeave: (call: JoinedCall) => void;
  #isOver = false;
  #unwatch: (() => void) | undefined;

  /** @param onLeave told when the caller goes at its signal or deadline. */
  constructor(
    statement: Statement,
    bound: readonly (Buffer | string | null)[],
    options: ExecuteOptions,
    onLeave: (call: JoinedCall) => void,
  ) {
    this.statement = statement;
    this.bound = bound;
    this.options = options;
    this.result = this.#settle.promise;
    this.#onLeave = onLeave;
    if (options.signal !== undefined) this.#watch(options.signal);
  }

  /** Whether the caller has its answer, or has gone. */
  get isOver(): boolean {
    return this.#isOver;
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

  /** Lets the caller go if its deadline has passed and it may. */
  leaveIfLate(now: number): void {
    if (this.#isOver || !this.mayLeave || this.deadline > now) return;
    const message = 'The deadline passed before the statement was answered; nothing was changed.';
    this.reject(new TimeoutError(message, { operation: this.options.label }));
    this.#onLeave(this);
  }

  #watch(signal: AbortSignal): void {
    const onAbort = (): void => {
      if (this.#isOver || !this.mayLeave) return;
      const { label: operation } = this.options;
      const message = 'The signal was aborted before the statement was answered; nothing was changed.';
      this.reject(new AbortedError(message, { cause: signal.reason, operation }));
      this.#onLeave(this);
    };
    signal.addEventListener('abort', onAbort, { once: true });
    this.#unwatch = () => signal.removeEventListener('abort', onAbort);
  }

  #end(): void {
    this.#isOver = true;
    this.#unwatch?.();
  }
}

/** Answers a call with what `make` gives, or with the error that it throws over a value. */
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
