import type { FieldDef } from 'pg';
import type { DataRow } from './data-row.js';

/** The undecoded rows of a result. */
export interface RawRows {
  readonly fields: readonly FieldDef[];
  readonly rows: readonly DataRow[];
}

/** The undecoded rows of a result that another client than `pg` received, every value as text. */
export interface TextRows {
  readonly fields: readonly FieldDef[];
  readonly rows: readonly (readonly (string | null)[])[];
}

/** A whole undecoded result. */
export interface RawResult extends RawRows {
  /** The first word of the command tag: `SELECT`, `INSERT`, `ROLLBACK`. */
  readonly command: string;
  readonly rowCount: number | null;
}
