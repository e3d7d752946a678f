/** A value as SQLite stores it. */
export type SqliteValue = string | number | bigint | Uint8Array | null;

const INT64_LIMIT = 2 ** 63;

/** Converts whole numbers to bigints, because better-sqlite3 binds every number as REAL. */
export function toBound(value: SqliteValue): SqliteValue {
  if (typeof value !== 'number' || !Number.isInteger(value)) return value;
  return value >= -INT64_LIMIT && value < INT64_LIMIT ? BigInt(value) : value;
}
