import { TupleWriter } from '@sluice/postgres-driver/copy';
import type Sqlite from 'better-sqlite3';
import { bucketOf } from '../hash/hash-sums.js';
import { hashBytes, hashed } from '../hash/row-hash.js';
import type { FindInput, FoundRow } from './reader-protocol.js';
import { RowEncoder } from './row-encoder.js';
import { sourceRows } from './source-rows.js';

/** Finds the rows of some buckets, up to a limit. Rows that do not fit are skipped, because the target does not have them. */
export function findRows(database: Sqlite.Database, input: FindInput, onRow: () => void): FoundRow[] {
  const { table, range, limit } = input;
  const buckets = new Set(input.buckets);
  const encoder = new RowEncoder(database, table);
  const out = new TupleWriter();
  const found: FoundRow[] = [];
  const columns = table.columns.map(({ source }) => source);
  for (const row of sourceRows(database, { ...table, columns, range })) {
    onRow();
    out.position = 0;
    if (encoder.encode(row, out) !== undefined) continue;
    if (!buckets.has(bucketOf(out.buffer, 2, encoder.keyEnd))) continue;
    found.push(foundRow(out.buffer, encoder.keyEnd, out.position));
    if (found.length >= limit) break;
  }
  return found;
}

/** Splits a tuple into its fields. The tuple begins with its number of fields, in two bytes. */
export function foundRow(tuple: Buffer, keyEnd: number, end: number): FoundRow {
  hashBytes(tuple, 2, end);
  const hash = `${hashed.high}:${hashed.low}`;
  const fields: (string | null)[] = [];
  for (let at = 2; at < end; ) {
    const length = tuple.readInt32BE(at);
    at += 4;
    fields.push(length < 0 ? null : tuple.toString('hex', at, at + Math.min(length, SHOWN_BYTES)));
    at += Math.max(length, 0);
  }
  return { key: tuple.toString('hex', 2, Math.min(keyEnd, 2 + SHOWN_BYTES)), hash, fields };
}

/** A report shows this many bytes of a large value. */
const SHOWN_BYTES = 4096;
