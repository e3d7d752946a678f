import { AbortedError, type SluiceError, TimeoutError, type WaitOptions } from '@sluice/core';

/** Node fires a longer timer at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/**
 * Which of several running calls is over: its deadline passed or its signal was aborted. The error is made by whoever throws it, so that it
 * carries the stack frames of the caller.
 */
export type OnOver = (index: number, createError: () => SluiceError) => void;

/** Watches the deadlines and signals of calls that run together, with one timer for all. */
export class Watch {
  readonly #waits: readonly WaitOptions[];
  readonly #onOver: OnOver;
  readonly #over = new Set<number>();
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

  /** Ends the watch. */
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
    this.#over.add(index);
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
