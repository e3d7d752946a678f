import { AbortedError, type ExecuteOptions, TimeoutError } from '@sluice/core';

/** The longest delay of a timer; Node runs a timer with a longer one immediately. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** Watches the deadline and the signal of one call. */
export class Interrupt {
  readonly #options: ExecuteOptions;
  readonly #onInterrupt: () => void;
  #timer: NodeJS.Timeout | undefined;
  #reason: 'deadline' | 'signal' | undefined;

  /** Calls `onInterrupt` once, at the deadline or when the signal is aborted, unless {@link Interrupt.stop} was called before. */
  constructor(options: ExecuteOptions, onInterrupt: () => void) {
    this.#options = options;
    this.#onInterrupt = onInterrupt;
    const { deadline, signal } = options;
    signal?.addEventListener('abort', this.#onAbort, { once: true });
    if (deadline === undefined || deadline - performance.now() > MAX_TIMER_MS) return;
    this.#timer = setTimeout(() => this.#interrupt('deadline'), Math.max(0, deadline - performance.now()));
  }

  /** Stops watching. {@link Interrupt.isInterrupted} keeps its value. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#options.signal?.removeEventListener('abort', this.#onAbort);
  }

  get isInterrupted(): boolean {
    return this.#reason !== undefined;
  }

  /** The error for the caller; `what` completes “The deadline passed …”. */
  error(what: string, cause?: unknown): AbortedError | TimeoutError {
    const { label: operation, signal } = this.#options;
    if (this.#reason === 'signal') {
      return new AbortedError(`The signal was aborted ${what}.`, { cause: signal?.reason, operation });
    }
    return new TimeoutError(
      `The deadline passed ${what}.`,
      cause === undefined ? { operation } : { cause, operation },
    );
  }

  readonly #onAbort = (): void => this.#interrupt('signal');

  #interrupt(reason: 'deadline' | 'signal'): void {
    this.stop();
    this.#reason = reason;
    this.#onInterrupt();
  }
}

/** @throws AbortedError or TimeoutError when the signal is aborted, or the deadline has passed, before the call begins; nothing was executed. */
export function assertNotInterrupted({ deadline, signal, label: operation }: ExecuteOptions): void {
  if (signal?.aborted) {
    throw new AbortedError('The signal was aborted; the statement was not executed.', {
      cause: signal.reason,
      operation,
    });
  }
  if (deadline !== undefined && deadline <= performance.now()) {
    throw new TimeoutError('The deadline passed; the statement was not executed.', { operation });
  }
}
