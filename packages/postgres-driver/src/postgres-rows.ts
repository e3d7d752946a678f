import type { Row, StatementResult } from '@sluice/core';
import type { FieldDef } from 'pg';
import type { BytesReader, DataRow } from './postgres-data-row.js';
import type { RawResult, RawRows } from './postgres-raw-result.js';
import { readerOf, type ValueMode } from './postgres-values.js';

/** Turns what the server sent into rows of JavaScript values. Of columns with one name, the last stays. */
export function decodeRows({ fields, rows }: RawRows, mode: ValueMode): Row[] {
  if (rows.length === 0) return [];
  const decoder = RowDecoder.of(fields, mode);
  return rows.map((row) => decoder.decode(row));
}

/** Turns rows of one result, as the server sent them, into rows of JavaScript values. */
export class RowDecoder {
  readonly #names: readonly string[];
  readonly #readers: readonly BytesReader[];
  readonly #template: Row;
  readonly #first: number;

  /** @param first the first column that belongs to the rows; those before it are left out. */
  constructor(fields: readonly FieldDef[], mode: ValueMode, first = 0) {
    this.#first = first;
    this.#names = fields.map(({ name }) => name);
    this.#readers = fields.map((field) => readerOf(field, mode));
    this.#template = emptyRow(this.#names.slice(first));
  }

  /** The decoder of a result, made once for the columns of a prepared statement. */
  static of(fields: readonly FieldDef[], mode: ValueMode, first = 0): RowDecoder {
    const known = DECODERS[mode].get(fields);
    if (known !== undefined) return known;
    const made = new RowDecoder(fields, mode, first);
    DECODERS[mode].set(fields, made);
    return made;
  }

  decode(values: DataRow): Row {
    const row = { ...this.#template };
    values.readInto(row, this.#names, this.#readers, this.#first);
    return row;
  }
}

const DECODERS: Readonly<Record<ValueMode, WeakMap<readonly FieldDef[], RowDecoder>>> = {
  native: new WeakMap(),
  portable: new WeakMap(),
};

/** Turns a whole result into the driver interface's. */
export function toStatementResult(result: RawResult, mode: ValueMode): StatementResult {
  const affectedRows = COUNTED.has(result.command) ? (result.rowCount ?? 0) : 0;
  return { rows: decodeRows(result, mode), affectedRows };
}

const COUNTED: ReadonlySet<string> = new Set(['COPY', 'DELETE', 'INSERT', 'MERGE', 'UPDATE']);

/** Made by spreading, so that a column named `__proto__` becomes a property like any other. */
function emptyRow(names: readonly string[]): Row {
  const row: Row = Object.create(null);
  for (const name of names) row[name] = null;
  return { ...row };
}
