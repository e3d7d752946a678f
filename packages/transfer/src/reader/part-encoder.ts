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
import type { SourceRow } from './source-rows.js';

/** Ends the copy of a table: a value does not fit, and no policy says what to do. */
class RefusedValueError extends Error {
  readonly code: string = REFUSED_VALUE;
}

/** Encodes the rows of a part of a table and counts them by outcome. {@link EncodeMode} says what each mode does. */
export class PartEncoder {
  readonly #input: EncodeInput;
  readonly #out: TupleWriter;
  readonly #encoder: RowEncoder;
  readonly #sums = new HashSums();
  readonly #misfits = new Map<string, Misfits>();
  readonly #counts = { rows: 0, quarantined: 0, converted: 0 };

  /** Writes the tuples to `out`. */
  constructor(database: Sqlite.Database, input: EncodeInput, out: TupleWriter) {
    this.#input = input;
    this.#out = out;
    this.#encoder = new RowEncoder(database, input.table);
  }

  /** Encodes a row, or applies the policies to a row that does not fit. */
  add(row: SourceRow): void {
    const { table, mode, isSummed } = this.#input;
    const out = this.#out;
    const encoder = this.#encoder;
    const from = out.position;
    const problem = encoder.encode(row, out);
    this.#counts.converted += encoder.converted;
    if (problem === undefined) {
      this.#counts.rows += 1;
      if (isSummed) this.#sums.add(out.buffer, from + 2, encoder.keyEnd, out.position);
      out.position = mode === 'copy' ? encoder.storedEnd : from;
      return;
    }
    out.position = from;
    const isCounted = mode === 'check' || (mode === 'hash' && problem.action === 'fail');
    if (problem.action === 'fail' && !isCounted) throw refuse(table.source, problem);
    if (problem.action === 'quarantine') this.#counts.quarantined += 1;
    if (isCounted) addMisfits(this.#misfits, encoder.problems);
    if (mode === 'rejects') writeRejectedRow(out, table, row, problem, encoder.rawTexts(row));
  }

  result(): EncodedRows {
    return {
      ...this.#counts,
      sums: this.#input.isSummed ? this.#sums.toBytes() : undefined,
      misfits: [...this.#misfits.values()],
    };
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
