import { type Row, ValueError, type ValueType } from '@sluice/core';
import { type Codec, codecOf, InexactJson, isPlain, typeCodec, unreadableMessage } from './codecs.js';
import type { ResultColumns, ResultPart } from './result-part.js';
import type { SqliteValue } from './sqlite-value.js';

/** Collects the rows of a result from its parts. A decoding error is kept until {@link ResultRows.finish}. */
export class ResultRows {
  #rows: Row[] = [];
  #error: { readonly cause: unknown } | undefined;

  add(part: ResultPart): void {
    if (this.#error !== undefined) return;
    try {
      const rows = decodeRows(part);
      if (this.#rows.length === 0) this.#rows = rows;
      else for (const row of rows) this.#rows.push(row);
    } catch (cause) {
      this.#error = { cause };
    }
  }

  /** @throws ValueError when a value does not belong to its column's type. */
  finish(): Row[] {
    if (this.#error !== undefined) throw this.#error.cause;
    return this.#rows;
  }
}

/** How the values of one result column are decoded. */
export interface ColumnDecoder extends Codec {
  readonly name: string;
  readonly declared: string | null | undefined;
}

/** The decoders of a result's columns, in order. */
export function decodersOf({ names, types }: ResultColumns): ColumnDecoder[] {
  return names.map((name, index) => {
    if (types === undefined) return { name, declared: undefined, decode: nativeValue, plain: undefined };
    const declared = types[index] ?? null;
    return { name, declared, ...codecOf(declared) };
  });
}

/** The decoder of a column whose portable type is known. */
export function typeDecoder(name: string, type: ValueType): ColumnDecoder {
  return { name, declared: type.name, ...typeCodec(type) };
}

/**
 * Decodes the rows of a part.
 *
 * @throws ValueError when a value does not belong to its column's type.
 */
export function decodeRows({ columns, count, layout, values }: ResultPart): Row[] {
  const decoders = decodersOf(columns);
  const decoded = layout === 'columns' ? values : transposed(values, decoders.length);
  const byColumn = decoders.map((decoder, column) => decodeColumn(decoder, decoded[column] ?? []));
  const hasProto = columns.names.includes('__proto__');
  const rows = new Array<Row>(count);
  for (let at = 0; at < count; at += 1) {
    const row: Row = {};
    for (let column = 0; column < decoders.length; column += 1) {
      const name = columns.names[column] as string;
      if (hasProto) define(row, name, byColumn[column]?.[at]);
      else row[name] = byColumn[column]?.[at];
    }
    rows[at] = row;
  }
  return rows;
}

/** @throws ValueError when the value does not belong to its column's type, or is JSON with a number that JavaScript would round. */
export function decodeValue(
  { name, declared, decode }: ColumnDecoder,
  stored: NonNullable<SqliteValue>,
): unknown {
  try {
    const value = decode(stored, name);
    if (value !== undefined) return value;
  } catch (error) {
    throw error instanceof InexactJson ? new ValueError(error.message, { column: name }) : error;
  }
  throw new ValueError(unreadableMessage(name, declared), { column: name });
}

function decodeColumn(decoder: ColumnDecoder, stored: readonly SqliteValue[]): readonly unknown[] {
  const { plain } = decoder;
  if (stored.every((value) => value === null || isPlain(value, plain))) return stored;
  return stored.map((value) => (value === null ? null : decodeValue(decoder, value)));
}

function transposed(rows: readonly (readonly SqliteValue[])[], width: number): SqliteValue[][] {
  return Array.from({ length: width }, (_, column) => rows.map((row) => row[column] ?? null));
}

/** Sets an own property, also when its name is `__proto__`. */
function define(row: Row, name: string, value: unknown): void {
  Object.defineProperty(row, name, { value, enumerable: true, writable: true, configurable: true });
}

/** A Buffer arrives from the thread as a plain Uint8Array. */
function nativeValue(value: SqliteValue): unknown {
  return value instanceof Uint8Array ? Buffer.from(value.buffer, value.byteOffset, value.byteLength) : value;
}

/** Rows that are there already, as a stream would give them. */
export function* inBatches(rows: readonly Row[], size: number): Generator<readonly Row[]> {
  for (let start = 0; start < rows.length; start += size) yield rows.slice(start, start + size);
}
