import type { CallOptions } from '../call/call-options.js';

/** What changed since the event before. */
export interface TableChange<T extends string = string> {
  /** The watched tables that a committed transaction may have changed; never empty. */
  readonly tables: readonly T[];
}

/**
 * The changes of some tables, as they are committed, by whatever process. Events that nobody has taken yet are merged into one, so a slow
 * reader costs nothing. The iteration ends when the watch or its storage is closed.
 */
export interface TableWatch<T extends string = string>
  extends AsyncIterable<TableChange<T>>,
    AsyncDisposable {
  /** Ends the iteration and frees what the watch holds. May be called again. */
  close(): Promise<void>;
}

/** Options of `watch`. `timeoutMs` is for the beginning; `signal` ends the watch at any time, and its iteration in an AbortedError. */
export type WatchOptions = Pick<CallOptions, 'label' | 'signal' | 'timeoutMs'>;
