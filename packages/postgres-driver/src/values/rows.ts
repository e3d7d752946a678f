import type { Row, StatementResult } from '@sluice/core';
import type { FieldDef } from 'pg';
import type { ValueMode } from '../options/options.js';
import type { BytesReader, DataRow } from './data-row.js';
import { type Decoder, decoderOf, readerOf } from './decoders.js';
import type { RawResult, RawRows, TextRows } from './raw-result.js';

/** Decodes rows to JavaScript values. Of several columns with one name, the last one is kept. */
export function decodeRows({ fields, rows }: RawRows, mode: ValueMode): Row[] {
  if (rows.length === 0) return [];
  const decoder = RowDecoder.of(fields, mode);
  return rows.map((row) => decoder.decode(row));
}

/** The same for rows whose values are text. */
export function decodeTexts({ fields, rows }: TextRows, mode: ValueMode): Row[] {
  if (rows.length === 0) return [];
  const decoder = RowDecoder.of(fields, mode);
  return rows.map((values) => decoder.decodeTexts(values));
}

/** Decodes the rows of one result to JavaScript values. */
export class RowDecoder {
  /** The names under which the columns are kept; `undefined` for a column that is not, because a later one has its name. */
  readonly #names: readonly (string | undefined)[];
  readonly #readers: readonly BytesReader[];
  readonly #template: Row;
  readonly #fields: readonly FieldDef[];
  readonly #mode: ValueMode;
  /** Created when the first row of text values is decoded. */
  #decoders: readonly Decoder[] | undefined;
  readonly #first: number;

  /** @param first index of the first column of the rows; earlier columns are left out. */
  constructor(fields: readonly FieldDef[], mode: ValueMode, first = 0) {
    this.#first = first;
    const last = new Map(fields.map(({ name }, column) => [name, column]));
    this.#names = fields.map(({ name }, column) => (last.get(name) === column ? name : undefined));
    this.#fields = fields;
    this.#mode = mode;
    this.#readers = fields.map((field) => readerOf(field, mode));
    this.#template = emptyRow(fields.slice(first));
  }

  /** The decoder of a result; a prepared statement's decoder is created once and cached. */
  static of(fields: readonly FieldDef[], mode: ValueMode, first = 0): RowDecoder {
    const known = DECODERS[mode].get(fields);
    if (known !== undefined) return known;
    const made = new RowDecoder(fields, mode, first);
    DECODERS[mode].set(fields, made);
    return made;
  }

  /** Decodes a row whose values are text. */
  decodeTexts(values: readonly (string | null)[]): Row {
    this.#decoders ??= this.#fields.map((field) => decoderOf(field, this.#mode));
    const row = { ...this.#template };
    for (let column = this.#first; column < this.#names.length; column += 1) {
      const text = values[column];
      const name = this.#names[column];
      if (text === null || text === undefined || name === undefined) continue;
      row[name] = this.#decoders[column]?.(text);
    }
    return row;
  }

  /** Decodes a row from the received bytes. */
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

/** Converts a whole result to the driver interface's form. */
export function toStatementResult(result: RawResult, mode: ValueMode): StatementResult {
  return { rows: decodeRows(result, mode), affectedRows: affectedRows(result) };
}

/** How many rows a command changed. */
export function affectedRows({ command, rowCount }: Pick<RawResult, 'command' | 'rowCount'>): number {
  return COUNTED.has(command) ? (rowCount ?? 0) : 0;
}

const COUNTED: ReadonlySet<string> = new Set(['COPY', 'DELETE', 'INSERT', 'MERGE', 'UPDATE']);

/** Creates the object by spread syntax, so that a column named `__proto__` becomes an ordinary property. */
function emptyRow(fields: readonly FieldDef[]): Row {
  const row: Row = Object.create(null);
  for (const { name } of fields) row[name] = null;
  return { ...row };
}
