import type { TupleWriter } from '@sluice/postgres-driver/copy';
import type { SqliteValue } from '../values/encode-value.js';
import type { RowProblem } from './row-encoder.js';
import type { SourceRow } from './source-rows.js';
import type { TableReading } from './table-reading.js';

/**
 * Writes a row of the quarantine table: (table_name, row_key, column_name, reason, content). `content` is JSON with every value and its
 * storage class, without loss: integers and reals as decimal digits, blobs and text that JSON cannot hold as hexadecimal digits.
 */
export function writeRejectedRow(
  out: TupleWriter,
  table: TableReading,
  row: SourceRow,
  { column, problem, key }: RowProblem,
  rawTexts: ReadonlyMap<number, Uint8Array>,
): void {
  const content: Record<string, unknown> = {};
  table.columns.forEach(({ source }, index) => {
    const raw = rawTexts.get(index);
    content[source] = raw === undefined ? losslessValue(row[index + 1] ?? null) : { text_hex: hex(raw) };
  });
  out.int16(5);
  for (const text of [table.target, key, column, problem, JSON.stringify(content)])
    out.text(withoutNul(text));
}

/** A value with its storage class, as JSON that PostgreSQL's json type accepts. */
export function losslessValue(value: SqliteValue): unknown {
  if (value === null) return null;
  if (typeof value === 'bigint') return { integer: String(value) };
  if (typeof value === 'number') return { real: String(value) };
  if (value instanceof Uint8Array) return { blob_hex: hex(value) };
  return value.includes('\0') ? { text_hex: hex(Buffer.from(value)) } : { text: value };
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

/** PostgreSQL's text cannot hold U+0000. The content has the exact value. */
function withoutNul(text: string): string {
  return text.replaceAll('\0', '\u2400');
}
