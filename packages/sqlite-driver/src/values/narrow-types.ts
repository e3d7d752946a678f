import type { ResultColumns } from './result-part.js';

/**
 * Declared types whose columns hold only integers that a JavaScript number represents exactly, such as those of up to 15 digits, or none. The threads use this pattern instead of
 * core's type parser, which would load Kysely into each thread and take three times as long as opening the file.
 */
const NARROW =
  /^(?:boolean|bytea_blob|date_text|double precision|integer|jsonb?_text|numeric_text|numeric_scaled_blob\((?:\d|1[0-5]),.*|smallint|text|timestamptz|uuid_text|varchar)\s*(?:\(|$)/i;

/** Whether a column of this declared type may hold integers beyond 2^53. `null` stands for an expression, which may. */
export function mayHoldBigint(declared: string | null): boolean {
  return declared === null || !NARROW.test(declared.trim());
}

/** The places of the columns whose whole numbers are read as bigints, though their type holds none. */
export function narrowedColumns({ types = [] }: ResultColumns): number[] {
  return types.flatMap((type, index) => (type !== null && isBigint(type) ? [] : [index]));
}

function isBigint(type: string): boolean {
  return /^(?:bigint|int8)$/i.test(type);
}
