import type { TupleWriter } from '@sluice/postgres-driver/copy';
import type Sqlite from 'better-sqlite3';
import { PartEncoder } from './part-encoder.js';
import type { EncodedRows, EncodeInput } from './reader-protocol.js';
import { type SourceRow, sourceBatches } from './source-rows.js';

/** Receives the encoded rows. */
export interface EncodeSink {
  readonly out: TupleWriter;
  /** Called after each row. */
  readonly onRow: () => void;
}

/** Encodes a part of a table. {@link EncodeMode} says what each mode does. */
export function encodeRows(
  database: Sqlite.Database,
  input: EncodeInput,
  { out, onRow }: EncodeSink,
): EncodedRows {
  const { table, mode, range } = input;
  const part = new PartEncoder(database, input, out);
  const columns = table.columns.map(({ source }) => source);
  const exceptSql = mode === 'rejects' ? undefined : table.exceptSql;
  for (const batch of sourceBatches(database, { ...table, columns, range, exceptSql })) {
    for (let index = 0; index < batch.length; index += 1) {
      // In bounds by the loop's condition.
      part.add(batch[index] as SourceRow);
      onRow();
    }
  }
  return part.result();
}
