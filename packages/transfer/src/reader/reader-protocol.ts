import type { SourceSchema } from '../source/schema.js';
import type { ValueProblem } from '../values/value-problem.js';
import type { ColumnProfile } from './column-profile.js';
import type { RowidRange, TableReading } from './table-reading.js';

/** The tasks of a reader's thread, with their input and output. */
export interface ReaderTasks {
  readonly open: {
    readonly input: { readonly path: string; readonly hasMonitor: boolean };
    readonly output: null;
  };
  /** SQLite's data version, which changes with every commit of another connection (sqlite.org/pragma.html#pragma_data_version). */
  readonly version: { readonly input: null; readonly output: number };
  readonly begin: { readonly input: null; readonly output: null };
  readonly rollback: { readonly input: null; readonly output: null };
  readonly schema: { readonly input: null; readonly output: SourceSchema };
  readonly span: {
    readonly input: { readonly table: string; readonly rowidName: string };
    readonly output: RowidRange;
  };
  readonly profile: {
    readonly input: { readonly table: ProfileReading; readonly range: RowidRange };
    readonly output: TableProfile;
  };
  readonly encode: { readonly input: EncodeInput; readonly output: EncodedRows };
  readonly find: { readonly input: FindInput; readonly output: readonly FoundRow[] };
  readonly query: {
    readonly input: {
      readonly sql: string;
      readonly limit: number;
      /** Gives every value as JSON with its storage class. */
      readonly isLossless?: boolean;
    };
    readonly output: readonly unknown[][];
  };
}

export type ReaderTaskName = keyof ReaderTasks;

export interface ProfileReading {
  readonly source: string;
  readonly rowidName: string | undefined;
  readonly keyColumns: readonly string[];
  readonly columns: readonly { readonly name: string; readonly declaredType: string }[];
}

export interface TableProfile {
  readonly rows: number;
  readonly columns: readonly ColumnProfile[];
}

/**
 * What to do with the rows of a table:
 * - `check` counts the values that do not fit.
 * - `hash` counts the values that do not fit and have no policy.
 * - `copy` sends tuples. It fails at the first value that does not fit and has no policy.
 * - `rejects` sends the rows that go into quarantine.
 */
export type EncodeMode = 'check' | 'copy' | 'hash' | 'rejects';

export interface EncodeInput {
  readonly table: TableReading;
  readonly range: RowidRange;
  readonly mode: EncodeMode;
  /** Whether to sum up the hashes of the rows. */
  readonly isSummed: boolean;
  /** Whether the thread lowers its priority: the readers of a larger table go first. */
  readonly isLowPriority?: boolean;
}

/** How many keys of rows a report shows for one kind of misfit. */
export const SHOWN_KEYS = 5;

/** Values of one column that do not fit, for one reason. */
export interface Misfits {
  readonly column: string;
  readonly problem: ValueProblem;
  count: number;
  /** Keys of the first few rows. */
  readonly keys: string[];
}

export interface EncodedRows {
  /** Rows that fit. */
  readonly rows: number;
  readonly quarantined: number;
  readonly converted: number;
  /** Bytes of {@link HashSums}; `undefined` when they were not asked for. */
  readonly sums: Uint8Array | undefined;
  readonly misfits: readonly Misfits[];
}

export interface FindInput {
  readonly table: TableReading;
  readonly range: RowidRange;
  readonly buckets: readonly number[];
  /** Maximum of rows to return. */
  readonly limit: number;
}

/** A row of one side, to compare with a row of the other side. */
export interface FoundRow {
  /** Bytes of the key in hexadecimal digits; of the whole row when the table has no key. */
  readonly key: string;
  readonly hash: string;
  /** Hexadecimal digits of each field's bytes; `null` is NULL. */
  readonly fields: readonly (string | null)[];
}

export interface ReaderRequest {
  readonly id: number;
  readonly task: ReaderTaskName;
  readonly input: unknown;
}

export type ReaderMessage =
  | { readonly id: number; readonly kind: 'chunk'; readonly buffer: ArrayBuffer; readonly length: number }
  | { readonly id: number; readonly kind: 'error'; readonly error: ReaderFailure }
  | { readonly id: number; readonly kind: 'progress'; readonly rows: number }
  | { readonly id: number; readonly kind: 'result'; readonly output: unknown };

export interface ReaderFailure {
  readonly message: string;
  /** SQLite's code such as `SQLITE_CORRUPT`, or {@link REFUSED_VALUE}, or {@link CANCELLED}. */
  readonly code: string | undefined;
}

export const REFUSED_VALUE = 'SLUICE_REFUSED_VALUE';
export const CANCELLED = 'SLUICE_CANCELLED';

/** Worker data of a reader's thread. */
export interface ReaderStart {
  /** [0]: number of buffers returned so far; [1]: 1 when the work is cancelled. */
  readonly signals: Int32Array;
  /** The main thread returns buffers through this port. */
  readonly recycled: import('node:worker_threads').MessagePort;
}
