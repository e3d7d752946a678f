import type { TupleWriter } from '@sluice/postgres-driver/copy';
import type Sqlite from 'better-sqlite3';
import { encodePages } from '../pages/encode-pages.js';
import type { PageSource } from '../pages/page-source.js';
import { PartEncoder } from './part-encoder.js';
import type { EncodedRows, EncodeInput } from './reader-protocol.js';
import { type SourceRow, sourceBatches } from './source-rows.js';

/** What the loop over the rows tells its surroundings. */
export interface EncodeSink {
  readonly out: TupleWriter;
  /** Called after each row that stays in `out`. */
  readonly onRow: () => void;
}

/**
 * Encodes a part of a table; see {@link EncodeInput} for what each mode does. Rows come from the file's `pages` as far as they can, and
 * from SQLite otherwise.
 */
export function encodeRows(
  database: Sqlite.Database,
  input: EncodeInput,
  { out, onRow }: EncodeSink,
  pages?: PageSource,
): EncodedRows {
  const { table, mode } = input;
  const part = new PartEncoder(database, input, out);
  const left = pages === undefined ? input : encodePages(database, pages, input, { part, out }, onRow);
  if (left === undefined) return part.result();
  const columns = table.columns.map(({ source }) => source);
  const exceptSql = mode === 'rejects' ? undefined : table.exceptSql;
  for (const batch of sourceBatches(database, { ...table, columns, range: left.range, exceptSql })) {
    for (let index = 0; index < batch.length; index += 1) {
      // In bounds by the loop's condition.
      part.add(batch[index] as SourceRow);
      onRow();
    }
  }
  return part.result();
}
