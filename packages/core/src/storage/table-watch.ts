import type { CallOptions } from '../call/call-options.js';

/** The changes since the previous event. */
export interface TableChange<T extends string = string> {
  /** The watched tables that a committed transaction may have changed; never empty. */
  readonly tables: readonly T[];
}

/**
 * An iteration over the committed changes of some tables, made by any process. Events that the reader has not taken yet are merged into one, so a
 * slow reader uses no more memory. The iteration ends when the watch or its storage is closed.
 */
export interface TableWatch<T extends string = string>
  extends AsyncIterable<TableChange<T>>,
    AsyncDisposable {
  /** Ends the iteration and the driver's watch. May be called again. */
  close(): Promise<void>;
}

/** Options of `watch`. `timeoutMs` applies until the watch is open. `signal` ends the watch at any time; its iteration then throws an AbortedError. */
export type WatchOptions = Pick<CallOptions, 'label' | 'signal' | 'timeoutMs'>;
