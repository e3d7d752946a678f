import type { CustomTypesConfig, FieldDef } from 'pg';

/** Rows as the server sent them: text and nulls. */
export interface RawRows {
  readonly fields: readonly FieldDef[];
  readonly rows: readonly (readonly (string | null)[])[];
}

/** A whole result as the server sent it. */
export interface RawResult extends RawRows {
  /** First word of the command tag: `SELECT`, `INSERT`, `ROLLBACK`. */
  readonly command: string;
  readonly rowCount: number | null;
}

/** Leaves every value as the text the server sent: it is decoded with its column at hand, which pg's parsers are not told. */
export const RAW_TYPES: CustomTypesConfig = { getTypeParser: () => (value: string) => value };
