/**
 * Declared types of columns whose whole numbers JavaScript's numbers hold, or that hold none. The threads know them by these names alone:
 * core's parser would load Kysely into each thread, and take three times as long as opening the file.
 */
const NARROW =
  /^(?:boolean|bytea_blob|date_text|double precision|integer|jsonb?_text|numeric_text|smallint|text|timestamptz|uuid_text|varchar)\s*(?:\(|$)/i;

/** Whether whole numbers beyond 2^53 may be right in a column of this declared type; null stands for an expression. */
export function mayHoldBigint(declared: string | null): boolean {
  return declared === null || !NARROW.test(declared.trim());
}
