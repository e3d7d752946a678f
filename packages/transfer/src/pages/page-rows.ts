import type { TupleWriter } from '@sluice/postgres-driver/copy';
import type Sqlite from 'better-sqlite3';
import type { PartEncoder } from '../reader/part-encoder.js';
import type { SourceRow } from '../reader/source-rows.js';
import type { ColumnReading, TableReading } from '../reader/table-reading.js';
import { quoteName } from '../sql/quote.js';
import { parseColumnType } from '../values/column-type.js';
import { type EncodeValue, encoderOf, type SqliteValue } from '../values/encode-value.js';
import { type EncodeField, fieldEncoderOf } from './encode-field.js';
import type { PageRecord } from './page-record.js';
import { SERIAL, type ValueReading, valueAt } from './record-values.js';
import type { TableLayout } from './table-layout.js';
import { TupleBytes } from './tuple-bytes.js';
import { UnreadablePagesError } from './unreadable-pages-error.js';

/** Where the rows go that are read from pages. */
export interface PageRowsSink {
  readonly part: PartEncoder;
  readonly out: TupleWriter;
}

/** A column of the target and where its value is in the record. */
interface PageColumn extends ValueReading {
  readonly source: string;
  readonly isRowid: boolean;
  readonly isNotNull: boolean;
  readonly position: number;
  readonly encodeField: EncodeField;
  readonly encodeValue: EncodeValue;
  /** What rows have that are older than the column, once known. */
  absent: { readonly value: SqliteValue } | undefined;
}

/** Bytes of a field besides those of its record: its length, and a number or time that is shorter in the record. */
const FIELD_BYTES = 12;

/**
 * Writes the rows that a walk finds as tuples, field by field from the record's bytes. A row with a value that does not fit is made into the
 * values that SQLite would give and goes the way of all others, to the policies.
 */
export class PageRows {
  readonly #database: Sqlite.Database;
  readonly #record: PageRecord;
  readonly #table: TableReading;
  readonly #columns: readonly PageColumn[];
  readonly #sink: PageRowsSink;
  readonly #tuple = new TupleBytes();

  constructor(
    database: Sqlite.Database,
    record: PageRecord,
    layout: TableLayout,
    table: TableReading,
    sink: PageRowsSink,
  ) {
    this.#database = database;
    this.#record = record;
    this.#table = table;
    this.#sink = sink;
    this.#columns = table.columns.map((column) => toPageColumn(column, layout, table));
  }

  /** Writes the row that is in the record; nothing of it when it throws. */
  add(): void {
    const { out, part } = this.#sink;
    const from = out.position;
    try {
      if (this.#write(out)) {
        part.addWritten();
      } else {
        out.position = from;
        part.add(this.#values());
      }
    } catch (error) {
      out.position = from;
      throw error;
    }
    part.addFromPages();
  }

  /** Throws {@link UnreadablePagesError} for a record of a table without a rowid that cannot be written. */
  assertKnown(): void {
    if (this.#columns.some(({ position }) => position >= this.#record.count))
      throw new UnreadablePagesError('A record is older than a column.');
  }

  /** False when a value needs a closer look; what was written until then is to be taken back. */
  #write(out: TupleWriter): boolean {
    const record = this.#record;
    const tuple = this.#tuple;
    const columns = this.#columns;
    tuple.begin(out, 2 + columns.length * FIELD_BYTES + record.size);
    tuple.count(columns.length);
    for (let index = 0; index < columns.length; index += 1) {
      // In bounds by the loop's condition.
      const column = columns[index] as PageColumn;
      const { position } = column;
      if (position >= record.count) return false;
      const type = column.isRowid ? SERIAL.rowid : (record.types[position] as number);
      const at = record.offsets[position] as number;
      if (type === SERIAL.null) {
        if (column.isNotNull) return false;
        tuple.null();
      } else if (!column.encodeField(record, type, at, tuple) && !this.#writeValue(column, type, at, out)) {
        return false;
      }
    }
    tuple.end(out);
    return true;
  }

  #writeValue(column: PageColumn, type: number, at: number, out: TupleWriter): boolean {
    const value = valueAt(this.#record, type, at, column);
    // Bytes that are no UTF-8 read as U+FFFD.
    if (value === null || (typeof value === 'string' && value.includes('\uFFFD'))) return false;
    this.#tuple.end(out);
    if (column.encodeValue(value, out) !== undefined) return false;
    this.#tuple.begin(out, this.#columns.length * FIELD_BYTES + this.#record.size);
    return true;
  }

  /** The row as SQLite gives it. */
  #values(): SourceRow {
    const { rowid } = this.#record;
    const { rowidName, hasBigIntegers } = this.#table;
    const key = hasBigIntegers ? BigInt(rowid) : rowid;
    return [rowidName === undefined ? null : key, ...this.#columns.map((column) => this.#value(column))];
  }

  #value(column: PageColumn): SqliteValue {
    const { types, offsets, count } = this.#record;
    const { position } = column;
    if (column.isRowid) return valueAt(this.#record, SERIAL.rowid, 0, column);
    if (position < count)
      return valueAt(this.#record, types[position] as number, offsets[position] as number, column);
    column.absent ??= { value: this.#absentValue(column) };
    return column.absent.value;
  }

  /** The default that the column was added with: SQLite knows, and it is the same for all rows that are older. */
  #absentValue({ source, hasBigIntegers }: PageColumn): SqliteValue {
    const { source: table, rowidName } = this.#table;
    const sql = `select ${quoteName(source)} from ${quoteName(table)} not indexed where ${rowidName} = ?`;
    const row = this.#database
      .prepare<unknown[], [SqliteValue]>(sql)
      .raw()
      .safeIntegers(hasBigIntegers)
      .get(BigInt(this.#record.rowid));
    if (row === undefined) throw new UnreadablePagesError('SQLite does not find a row.');
    return row[0];
  }
}

function toPageColumn(reading: ColumnReading, layout: TableLayout, table: TableReading): PageColumn {
  const position = layout.columns.findIndex(({ name }) => name === reading.source);
  const stored = layout.columns[position];
  const type = parseColumnType(reading.type);
  if (stored === undefined || type === undefined)
    throw new Error(`The column ${quoteName(reading.source)} of ${quoteName(table.source)} is unknown.`);
  const { hasBigIntegers } = table;
  return {
    source: reading.source,
    isRowid: stored.isRowid,
    isReal: stored.isReal,
    hasBigIntegers,
    isNotNull: reading.isNotNull,
    position,
    encodeField: fieldEncoderOf(type, reading.form, hasBigIntegers),
    encodeValue: encoderOf(type, reading.form),
    absent: undefined,
  };
}
