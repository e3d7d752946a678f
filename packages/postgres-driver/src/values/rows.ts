import type { Row, StatementResult } from '@sluice/core';
import type { FieldDef } from 'pg';
import type { ValueMode } from '../options/options.js';
import type { BytesReader, DataRow } from './data-row.js';
import type { RawResult, RawRows, TextRows } from './raw-result.js';
import { type Decoder, decoderOf, readerOf } from './values.js';

/** Turns what the server sent into rows of JavaScript values. Of columns with one name, the last stays. */
export function decodeRows({ fields, rows }: RawRows, mode: ValueMode): Row[] {
  if (rows.length === 0) return [];
  const decoder = RowDecoder.of(fields, mode);
  return rows.map((row) => decoder.decode(row));
}

/** The same for rows that came as text. */
export function decodeTexts({ fields, rows }: TextRows, mode: ValueMode): Row[] {
  if (rows.length === 0) return [];
  const decoder = RowDecoder.of(fields, mode);
  return rows.map((values) => decoder.decodeTexts(values));
}

/** Turns rows of one result, as the server sent them, into rows of JavaScript values. */
export class RowDecoder {
  readonly #names: readonly string[];
  readonly #readers: readonly BytesReader[];
  readonly #template: Row;
  readonly #decodersOf: () => readonly Decoder[];
  /** Made when the first row comes as text. */
  #decoders: readonly Decoder[] | undefined;
  readonly #first: number;

  /** @param first the first column that belongs to the rows; those before it are left out. */
  constructor(fields: readonly FieldDef[], mode: ValueMode, first = 0) {
    this.#first = first;
    this.#names = fields.map(({ name }) => name);
    this.#decodersOf = () => fields.map((field) => decoderOf(field, mode));
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

  /** The same for a row that came as text. */
  decodeTexts(values: readonly (string | null)[]): Row {
    this.#decoders ??= this.#decodersOf();
    const row = { ...this.#template };
    for (let column = this.#first; column < this.#names.length; column += 1) {
      const text = values[column];
      const name = this.#names[column];
      if (text === null || text === undefined || name === undefined) continue;
      row[name] = this.#decoders[column]?.(text);
    }
    return row;
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
  return { rows: decodeRows(result, mode), affectedRows: affectedRows(result) };
}

/** How many rows a command changed. */
export function affectedRows({ command, rowCount }: Pick<RawResult, 'command' | 'rowCount'>): number {
  return COUNTED.has(command) ? (rowCount ?? 0) : 0;
}

const COUNTED: ReadonlySet<string> = new Set(['COPY', 'DELETE', 'INSERT', 'MERGE', 'UPDATE']);

/** Made by spreading, so that a column named `__proto__` becomes a property like any other. */
function emptyRow(names: readonly string[]): Row {
  const row: Row = Object.create(null);
  for (const name of names) row[name] = null;
  return { ...row };
}
