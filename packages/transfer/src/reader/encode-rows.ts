import type { TupleWriter } from '@sluice/postgres-driver/copy';
import type Sqlite from 'better-sqlite3';
import { HashSums } from '../hash/hash-sums.js';
import { quoteName } from '../sql/quote.js';
import {
  type EncodedRows,
  type EncodeInput,
  type Misfits,
  REFUSED_VALUE,
  SHOWN_KEYS,
} from './reader-protocol.js';
import { writeRejectedRow } from './rejected-row.js';
import { RowEncoder, type RowProblem } from './row-encoder.js';
import { type SourceRow, sourceBatches } from './source-rows.js';

/** A value that does not fit and has no policy; the copy of its table ends. */
export class RefusedValueError extends Error {
  readonly code: string = REFUSED_VALUE;
}

/** What the loop over the rows tells its surroundings. */
export interface EncodeSink {
  readonly out: TupleWriter;
  /** Called after each row that stays in `out`. */
  readonly onRow: () => void;
}

/** Encodes a part of a table; see {@link EncodeInput} for what each mode does. */
export function encodeRows(database: Sqlite.Database, input: EncodeInput, sink: EncodeSink): EncodedRows {
  const { table, mode, range, isSummed } = input;
  const encoder = new RowEncoder(database, table);
  const sums = new HashSums();
  const misfits = new Map<string, Misfits>();
  const counts = { rows: 0, quarantined: 0, converted: 0 };
  const { out } = sink;
  const columns = table.columns.map(({ source }) => source);
  const selection = { ...table, columns, range, exceptSql: mode === 'rejects' ? undefined : table.exceptSql };
  for (const batch of sourceBatches(database, selection)) {
    for (let index = 0; index < batch.length; index += 1) {
      // In bounds by the loop's condition.
      encodeRow(batch[index] as SourceRow);
      sink.onRow();
    }
  }
  return {
    ...counts,
    sums: isSummed ? sums.toBytes() : undefined,
    misfits: [...misfits.values()],
  };

  function encodeRow(row: SourceRow): void {
    const from = out.position;
    const problem = encoder.encode(row, out);
    counts.converted += encoder.converted;
    if (problem === undefined) {
      counts.rows += 1;
      if (isSummed) sums.add(out.buffer, from + 2, encoder.keyEnd, out.position);
      out.position = mode === 'copy' ? encoder.storedEnd : from;
      return;
    }
    out.position = from;
    const isCounted = mode === 'check' || (mode === 'hash' && problem.action === 'fail');
    if (problem.action === 'fail' && !isCounted) throw refuse(table.source, problem);
    if (problem.action === 'quarantine') counts.quarantined += 1;
    if (isCounted) addMisfits(misfits, encoder.problems);
    if (mode === 'rejects') writeRejectedRow(out, table, row, problem, encoder.rawTexts(row));
  }
}

function refuse(table: string, { column, problem, key }: RowProblem): RefusedValueError {
  return new RefusedValueError(
    `${quoteName(table)}.${quoteName(column)} has a value that does not fit (${problem}) in the row ${key}.`,
  );
}

function addMisfits(misfits: Map<string, Misfits>, problems: readonly RowProblem[]): void {
  for (const { column, problem, key } of problems) {
    const id = `${problem} ${column}`;
    const known = misfits.get(id) ?? { column, problem, count: 0, keys: [] };
    misfits.set(id, known);
    known.count += 1;
    if (known.keys.length < SHOWN_KEYS) known.keys.push(key);
  }
}
