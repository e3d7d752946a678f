import { UsageError } from '@sluice/core';

/** A position in the primary's write-ahead log (https://www.postgresql.org/docs/current/datatype-pg-lsn.html). */
export type Lsn = bigint;

/** Parses `16/B374D848`. @throws UsageError for any other form. */
export function parseLsn(text: string): Lsn {
  const match = /^([0-9a-f]{1,8})\/([0-9a-f]{1,8})$/i.exec(text);
  if (match !== null) return BigInt(`0x${match[1]}`) * 2n ** 32n + BigInt(`0x${match[2]}`);
  throw new UsageError(
    'invalid_query',
    '`after` is no position of a PostgreSQL database. Pass on what `storage.position()` gave.',
  );
}
