import type { SqliteValue } from './sqlite-value.js';

/** How many rows of a result are sent in one message, unless the caller chooses a batch size. */
export const ROWS_PER_PART = 1000;

/** The columns of a result. */
export interface ResultColumns {
  readonly names: readonly string[];
  /** The declared type of each column; null for an expression. `undefined` when values are native. */
  readonly types: readonly (string | null)[] | undefined;
}

/** Consecutive rows of a result, as they are sent between threads. */
export interface ResultPart {
  readonly columns: ResultColumns;
  /** How many rows. */
  readonly count: number;
  /** Whether `values` has one array for each row or for each column. Many rows are sent in half the time as a few long arrays. */
  readonly layout: 'columns' | 'rows';
  readonly values: readonly (readonly SqliteValue[])[];
}
