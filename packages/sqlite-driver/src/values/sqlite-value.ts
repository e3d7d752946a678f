/** A value as SQLite stores it. */
export type SqliteValue = string | number | bigint | Uint8Array | null;
