import { AbortedError, type SluiceError, TimeoutError, type WaitOptions } from '@sluice/core';

/** Node fires a timer with a longer delay immediately. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/**
 * Called with the index of a call whose deadline passed or whose signal was aborted. The receiver makes the error where it throws it, so that
 * the error has the stack frames of the caller.
 */
export type OnOver = (index: number, createError: () => SluiceError) => void;

/**
 * Watches the deadlines and signals of several calls with one timer.
 *
 * A call can be over while its COMMIT is under way: then it waits for the outcome. When that COMMIT is undone because of another call, this one is dropped,
 * and {@link Watch.errorOf} says why.
 */
export class Watch {
  readonly #waits: readonly WaitOptions[];
  readonly #onOver: OnOver;
  readonly #over = new Map<number, () => SluiceError>();
  readonly #forget: (() => void)[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(waits: readonly WaitOptions[], onOver: OnOver) {
    this.#waits = waits;
    this.#onOver = onOver;
    for (const [index, { signal }] of waits.entries()) {
      if (signal !== undefined) this.#listen(index, signal);
    }
    this.#arm();
  }

  /** Makes the error of a call that was over before its thread answered. */
  errorOf(index: number): (() => SluiceError) | undefined {
    return this.#over.get(index);
  }

  /** Stops watching. */
  stop(): void {
    clearTimeout(this.#timer);
    for (const forget of this.#forget) forget();
  }

  #listen(index: number, signal: AbortSignal): void {
    const onAbort = (): void => this.#end(index, () => abortedError(signal));
    if (signal.aborted) {
      onAbort();
    } else {
      signal.addEventListener('abort', onAbort, { once: true });
      this.#forget.push(() => signal.removeEventListener('abort', onAbort));
    }
  }

  #arm(): void {
    let earliest = Number.POSITIVE_INFINITY;
    for (const [index, { deadline }] of this.#waits.entries()) {
      if (deadline !== undefined && deadline < earliest && !this.#over.has(index)) earliest = deadline;
    }
    if (earliest === Number.POSITIVE_INFINITY) return;
    const delayMs = Math.max(0, earliest - performance.now()) + 1;
    this.#timer = setTimeout(() => this.#expire(), Math.min(delayMs, LONGEST_TIMER_MS));
  }

  #expire(): void {
    const now = performance.now();
    for (const [index, { deadline = Number.POSITIVE_INFINITY }] of this.#waits.entries()) {
      if (deadline <= now) this.#end(index, timeoutError);
    }
    this.#arm();
  }

  #end(index: number, createError: () => SluiceError): void {
    if (this.#over.has(index)) return;
    this.#over.set(index, createError);
    this.#onOver(index, createError);
  }
}

function timeoutError(): TimeoutError {
  return new TimeoutError('The deadline passed before SQLite was done; nothing of the statement was kept.');
}

function abortedError(signal: AbortSignal): AbortedError {
  return new AbortedError(
    'The signal was aborted before SQLite was done; nothing of the statement was kept.',
    {
      cause: signal.reason,
    },
  );
}
