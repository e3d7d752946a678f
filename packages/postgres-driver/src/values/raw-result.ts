import type { FieldDef } from 'pg';
import type { DataRow } from './data-row.js';

/** Rows as the server sent them. */
export interface RawRows {
  readonly fields: readonly FieldDef[];
  readonly rows: readonly DataRow[];
}

/** The same from elsewhere than `pg`, every value as text. */
export interface TextRows {
  readonly fields: readonly FieldDef[];
  readonly rows: readonly (readonly (string | null)[])[];
}

/** A whole result as the server sent it. */
export interface RawResult extends RawRows {
  /** First word of the command tag: `SELECT`, `INSERT`, `ROLLBACK`. */
  readonly command: string;
  readonly rowCount: number | null;
}
