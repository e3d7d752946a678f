import type { BackupProgress, ExecuteOptions, IsolationLevel } from '../driver/driver.js';
import type { Priority } from '../lane/priority.js';

/** Options that every call takes (contract C8). */
export interface CallOptions {
  /** Ends the call: queued work is dropped, running work interrupted. */
  readonly signal?: AbortSignal | undefined;
  /** After how many milliseconds the call ends in a TimeoutError. Default: the storage's `timeoutMs`. */
  readonly timeoutMs?: number | undefined;
  /** How urgent the call is. Default `normal`. */
  readonly priority?: Priority | undefined;
  /** Names the caller in messages, metrics and “who holds the writer”. */
  readonly label?: string | undefined;
}

/** Options of `read` and `write`. */
export interface TransactionOptions extends CallOptions {
  /** Weaker levels are an option of drivers with concurrent writers; the others always give `serializable`, the default. */
  readonly isolation?: IsolationLevel | undefined;
  /**
   * What `storage.position()` gave, here or in another process: the transaction sees everything that was committed before. Default: everything
   * that this storage has committed.
   */
  readonly after?: string | undefined;
}

/** Options of `read`. */
export interface ReadOptions extends TransactionOptions {
  /**
   * The snapshot is one that fits into the serial order of the writers, as at `isolation: 'serializable'`, and the read is never replayed: it waits
   * for such a snapshot, until its deadline, where the engine needs that. For long reports and dumps. Default false.
   */
  readonly deferrable?: boolean | undefined;
}

/** Options of `backup`. */
export interface BackupCallOptions extends CallOptions {
  /** Told how far the copy is, in the engine's own units: pages of an SQLite file. */
  readonly onProgress?: (progress: BackupProgress) => void;
}

/** Turns a caller's options into the driver's: a deadline instead of a time span. */
export function toExecuteOptions(
  options: CallOptions,
  defaultTimeoutMs: number,
  label: string,
): ExecuteOptions {
  return {
    priority: options.priority,
    deadline: performance.now() + (options.timeoutMs ?? defaultTimeoutMs),
    signal: options.signal,
    label: options.label ?? label,
  };
}
