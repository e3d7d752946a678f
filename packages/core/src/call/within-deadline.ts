import type { ExecuteOptions } from '../driver/driver.js';
import { AbortedError, TimeoutError } from '../errors/flow-errors.js';
import { MAX_TIMER_MS } from '../lane/max-timer.js';

/**
 * Settles as `work` does, or rejects when the call's deadline passes or its signal is aborted. It does not stop `work`: the caller must free
 * what `work` holds.
 *
 * @param outcome the end of the error's message, which says what happened to the call: `the transaction was rolled back`.
 * @throws TimeoutError, AbortedError.
 */
export function withinDeadline<T>(work: Promise<T>, options: ExecuteOptions, outcome: string): Promise<T> {
  const { deadline = Number.POSITIVE_INFINITY, signal, label } = options;
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      const cause = { cause: signal?.reason, operation: label };
      reject(new AbortedError(`The signal was aborted; ${outcome}.`, cause));
    };
    const onDeadline = (): void => {
      reject(new TimeoutError(`The deadline passed; ${outcome}.`, { operation: label }));
    };
    const leftMs = Math.max(0, deadline - performance.now());
    const timer = leftMs <= MAX_TIMER_MS ? setTimeout(onDeadline, leftMs) : undefined;
    const stop = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
    };
    signal?.addEventListener('abort', onAbort, { once: true });
    if (signal?.aborted) onAbort();
    work.then(
      (result) => {
        stop();
        resolve(result);
      },
      (error: unknown) => {
        stop();
        reject(error);
      },
    );
  });
}
