import type { TupleWriter } from '@sluice/postgres-driver/copy';
import type Sqlite from 'better-sqlite3';
import { quoteName } from '../sql/quote.js';
import { type ColumnType, parseColumnType } from '../values/column-type.js';
import { CONVERSIONS } from '../values/convert-value.js';
import { type EncodeValue, encoderOf, type SqliteValue } from '../values/encode-value.js';
import { largeClass } from '../values/large-value.js';
import type { PolicyAction, ValueProblem } from '../values/value-problem.js';
import { ExactText, type SourceRow } from './source-rows.js';
import type { ColumnReading, TableReading } from './table-reading.js';

/** A value of a row that does not fit, and the action for it. */
export interface RowProblem {
  readonly column: string;
  readonly problem: ValueProblem;
  readonly action: PolicyAction;
  /** The key as a report prints it. */
  readonly key: string;
}

interface ColumnEncoder {
  readonly reading: ColumnReading;
  readonly type: ColumnType;
  readonly encode: EncodeValue;
}

/** Encodes rows of one table as tuples of COPY's binary format: the number of stored fields, then the fields, those of generated columns last. */
export class RowEncoder {
  /** End of the key, and of the fields to send, of the last row: positions in the output. */
  keyEnd = 0;
  storedEnd = 0;
  /** How many values of the last row a rule has converted. */
  converted = 0;
  /** All values of the last row that do not fit. */
  problems: RowProblem[] = [];

  readonly #table: TableReading;
  readonly #columns: readonly ColumnEncoder[];
  readonly #keyCount: number;
  readonly #storedCount: number;
  readonly #exact: ExactText;

  constructor(database: Sqlite.Database, table: TableReading) {
    this.#table = table;
    this.#columns = table.columns.map((reading) => {
      const type = parseColumnType(reading.type);
      if (type === undefined)
        throw new Error(`The type "${reading.type}" of ${quoteName(reading.source)} is unknown.`);
      return { reading, type, encode: encoderOf(type, reading.form) };
    });
    this.#keyCount = table.keyCount === 0 ? table.columns.length : table.keyCount;
    this.#storedCount = table.columns.length - table.generatedCount;
    const keys = this.#keyColumns();
    this.#exact = new ExactText(database, table.source, keys);
  }

  /** Writes a whole row. If it does not fit, returns the first problem, and the caller resets the output to where the row began. */
  encode(row: SourceRow, out: TupleWriter): RowProblem | undefined {
    this.converted = 0;
    if (this.problems.length > 0) this.problems = [];
    const columns = this.#columns;
    out.int16(this.#storedCount);
    for (let index = 0; index < columns.length; index += 1) {
      // Both have the same length.
      const column = columns[index] as ColumnEncoder;
      const value = row[index + 1] as SqliteValue;
      const isSuspicious = typeof value === 'string' && value.includes('\uFFFD');
      const problem = isSuspicious
        ? this.#encodeSuspicious(column, row, value, out)
        : this.#encode(column, value, out);
      if (problem !== undefined) this.#resolve(column, row, value, problem, out);
      if (index + 1 === this.#keyCount) this.keyEnd = out.position;
      if (index + 1 === this.#storedCount) this.storedEnd = out.position;
    }
    return this.problems.find(({ action }) => action === 'fail') ?? this.problems[0];
  }

  /** Bytes of the texts of a row that are not valid UTF-8, by the column's index. */
  rawTexts(row: SourceRow): ReadonlyMap<number, Uint8Array> {
    const texts = new Map<number, Uint8Array>();
    this.#columns.forEach(({ reading }, index) => {
      const value = row[index + 1];
      if (typeof value !== 'string' || !value.includes('\uFFFD')) return;
      const bytes = this.#exact.invalidBytes(reading.source, this.#keyValues(row));
      if (bytes !== undefined) texts.set(index, bytes);
    });
    return texts;
  }

  #encode(
    { reading, encode }: ColumnEncoder,
    value: SqliteValue,
    out: TupleWriter,
  ): ValueProblem | undefined {
    if (value !== null) {
      const problem = encode(value, out);
      return problem !== undefined && largeClass(value) !== undefined ? 'too-large' : problem;
    }
    if (reading.isNotNull) return 'null-value';
    out.null();
    return undefined;
  }

  /** SQLite returns U+FFFD for bytes that are not valid UTF-8; the text may also contain U+FFFD itself. */
  #encodeSuspicious(
    column: ColumnEncoder,
    row: SourceRow,
    value: string,
    out: TupleWriter,
  ): ValueProblem | undefined {
    const invalid = this.#exact.invalidBytes(column.reading.source, this.#keyValues(row));
    if (invalid === undefined) return this.#encode(column, value, out);
    return column.type.name === 'any' ? this.#encode(column, invalid, out) : 'invalid-utf8';
  }

  #resolve(
    column: ColumnEncoder,
    row: SourceRow,
    value: SqliteValue,
    problem: ValueProblem,
    out: TupleWriter,
  ): void {
    const action = column.reading.policies[problem] ?? 'fail';
    if (action.startsWith('convert:') && this.#convert(column, row, value, problem, action, out)) return;
    // The conversion failed, or a value of the row is too large to be read and the row cannot be kept whole: the copy must fail.
    const mustFail = action.startsWith('convert:') || row.some((other) => largeClass(other) !== undefined);
    const left = mustFail ? 'fail' : action;
    this.problems.push({ column: column.reading.source, problem, action: left, key: this.#printKey(row) });
  }

  #convert(
    column: ColumnEncoder,
    row: SourceRow,
    value: SqliteValue,
    problem: ValueProblem,
    action: PolicyAction,
    out: TupleWriter,
  ): boolean {
    const rule = CONVERSIONS[action.slice('convert:'.length)];
    if (rule === undefined) return false;
    const invalidBytes =
      problem === 'invalid-utf8'
        ? this.#exact.invalidBytes(column.reading.source, this.#keyValues(row))
        : undefined;
    const converted = rule({ value, invalidBytes, type: column.type });
    if (this.#encode(column, converted, out) !== undefined) return false;
    this.converted += 1;
    return true;
  }

  #keyColumns(): string[] {
    const { rowidName, columns, keyCount } = this.#table;
    if (rowidName !== undefined) return [rowidName];
    return columns.slice(0, keyCount).map(({ source }) => quoteName(source));
  }

  #keyValues(row: SourceRow): SqliteValue[] {
    return this.#table.rowidName === undefined ? row.slice(1, 1 + this.#table.keyCount) : [row[0] ?? null];
  }

  #printKey(row: SourceRow): string {
    const { keyCount, columns } = this.#table;
    if (keyCount === 0) return `rowid = ${row[0] ?? 'unknown'}`;
    return columns
      .slice(0, keyCount)
      .map(({ source }, index) => `${source} = ${printKeyValue(row[index + 1])}`)
      .join(', ');
  }
}

function printKeyValue(value: SqliteValue | undefined): string {
  if (value instanceof Uint8Array) return `x'${Buffer.from(value.subarray(0, 20)).toString('hex')}'`;
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 40));
  return value === null || value === undefined ? 'NULL' : String(value);
}
