import type { SqliteValue } from './sqlite-value.js';

/** Rows of a result that travel together, where the caller does not say. */
export const ROWS_PER_PART = 1000;

/** The columns of a result. */
export interface ResultColumns {
  readonly names: readonly string[];
  /** The declared type of each; null for an expression. `undefined` for native values. */
  readonly types: readonly (string | null)[] | undefined;
}

/** Some rows of a result, in order. */
export interface ResultPart {
  readonly columns: ResultColumns;
  /** How many rows. */
  readonly count: number;
  /** Values row by row or column by column: many rows cross between threads in half the time as a few long arrays. */
  readonly layout: 'columns' | 'rows';
  readonly values: readonly (readonly SqliteValue[])[];
}
