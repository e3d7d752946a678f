import type { SchemaChangeOptions } from '../driver/driver.js';
import {
  AbortedError,
  ConflictError,
  ConnectionError,
  StaleCatalogError,
  TimeoutError,
} from '../errors/flow-errors.js';

/** Why an attempt failed, where another attempt may succeed. */
export type ReplayReason = ConflictError['reason'] | 'connection_lost' | 'read_only';

/** Called before the backoff of every replay, with the error of the failed attempt. */
export type OnReplay = (
  replay: {
    readonly attempt: number;
    readonly reason: ReplayReason;
    readonly delayMs: number;
  },
  error: unknown,
) => void;

const FIRST_DELAY_MS = 1;
const MAX_DELAY_MS = 250;
const MAX_LOCK_DELAY_MS = 30_000;

/** The options of a call that is replayed. */
export type ReplayOptions = Pick<SchemaChangeOptions, 'deadline' | 'label' | 'lockTimeoutMs' | 'signal'>;

/**
 * Runs `attempt` until it succeeds, fails with an error that a replay cannot help, or the deadline would pass. The delay between
 * attempts doubles from 1 ms to 250 ms, with full jitter, so that callers in conflict do not meet again.
 *
 * After a lock timeout of its own (`lockTimeoutMs`), during which others waited behind it, it leaves them time: it pauses for half the timeout at least, and
 * longer after each attempt, up to 30 seconds.
 *
 * @throws what the last attempt threw; TimeoutError or AbortedError, with the last conflict as `cause`, when time ran out.
 */
export async function replay<T>(
  attempt: (count: number) => Promise<T>,
  options: ReplayOptions,
  onReplay: OnReplay,
): Promise<T> {
  try {
    return await attempt(1);
  } catch (error) {
    return replayAfter(error, attempt, options, onReplay);
  }
}

/** As {@link replay}, after a first attempt that the caller made itself and that failed with `error`. */
export async function replayAfter<T>(
  error: unknown,
  attempt: (count: number) => Promise<T>,
  options: ReplayOptions,
  onReplay: OnReplay,
): Promise<T> {
  let failure = error;
  let conflict: unknown;
  for (let count = 1; ; count += 1) {
    const reason = replayReason(failure);
    if (reason === undefined) throw withCause(failure, conflict);
    conflict = failure;
    const delayMs = delayAfter(reason, count, options);
    assertTimeLeft(options, delayMs, count, failure);
    onReplay({ attempt: count, reason, delayMs }, failure);
    await pause(delayMs, options.signal);
    try {
      return await attempt(count + 1);
    } catch (next) {
      failure = next;
    }
  }
}

function delayAfter(reason: ReplayReason, count: number, { lockTimeoutMs = 0 }: ReplayOptions): number {
  if (reason !== 'lock_timeout' || lockTimeoutMs === 0)
    return Math.random() * Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** count);
  const delayMs = Math.min(MAX_LOCK_DELAY_MS, lockTimeoutMs * 2 ** (count - 1));
  return delayMs * (0.5 + Math.random() / 2);
}

/** When a later attempt runs out of time, the conflicts before it are the cause. */
function withCause(error: unknown, conflict: unknown): unknown {
  if (error instanceof TimeoutError && error.cause === undefined && conflict !== undefined)
    error.cause = conflict;
  return error;
}

/** Why an attempt that failed with `error` may be made again; `undefined` when it may not. */
export function replayReason(error: unknown): ReplayReason | undefined {
  // Another attempt would make the same statement.
  if (error instanceof StaleCatalogError) return undefined;
  if (error instanceof ConflictError) return error.reason;
  if (!(error instanceof ConnectionError)) return undefined;
  return error.code === 'connection_lost' || error.code === 'read_only' ? error.code : undefined;
}

function assertTimeLeft(options: ReplayOptions, delayMs: number, count: number, cause: unknown): void {
  const { deadline = Number.POSITIVE_INFINITY, signal, label } = options;
  if (signal?.aborted) throw abortedBetweenAttempts(cause);
  if (performance.now() + delayMs < deadline) return;
  const message = `The deadline passed after ${count} attempts, none of which could be committed; nothing was committed.`;
  throw new TimeoutError(message, { cause, operation: label });
}

function abortedBetweenAttempts(cause: unknown): AbortedError {
  return new AbortedError('The signal was aborted between two attempts; nothing was committed.', { cause });
}

function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      clearTimeout(timer);
      reject(abortedBetweenAttempts(signal?.reason));
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    }, ms);
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}
