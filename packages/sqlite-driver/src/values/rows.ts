import { parseExactJson, type Row, ValueError, type ValueType, type ValueTypeName } from '@sluice/core';
import { portableType } from './column-types.js';
import type { ResultColumns, ResultPart } from './result-part.js';
import type { SqliteValue } from './sqlite-value.js';

/** Decodes a stored value of a column of this name into the contract's; `undefined` when the column's type has no such value. */
type Decode = (value: NonNullable<SqliteValue>, name: string) => unknown;

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
export interface ColumnDecoder {
  readonly name: string;
  readonly declared: string | null | undefined;
  readonly decode: Decode;
  /** Stored values of this kind are returned unchanged; all others are decoded. */
  readonly plain: 'number' | 'string' | 'whole' | undefined;
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
export function typeDecoder(name: string, { name: type }: ValueType): ColumnDecoder {
  return { name, declared: type, decode: DECODES[type], plain: PLAIN[type] };
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

/** @throws ValueError when the value does not belong to its column's type. */
export function decodeValue(
  { name, declared, decode }: ColumnDecoder,
  stored: NonNullable<SqliteValue>,
): unknown {
  const value = decode(stored, name);
  if (value === undefined) throw mismatch(name, declared);
  return value;
}

/** Whether a stored value is returned unchanged. */
export function isPlain(stored: SqliteValue, plain: ColumnDecoder['plain']): boolean {
  return plain === 'whole' ? Number.isSafeInteger(stored) : typeof stored === plain;
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

type Codec = Pick<ColumnDecoder, 'decode' | 'plain'>;

/** Cache by declared type; a schema has few of them. */
const codecs = new Map<string, Codec>();
const STORED: Codec = { decode: stored, plain: undefined };

function codecOf(declared: string | null): Codec {
  if (declared === null) return STORED;
  let codec = codecs.get(declared);
  if (codec === undefined) {
    const name = portableType(declared)?.name;
    codec = name === undefined ? STORED : { decode: DECODES[name], plain: PLAIN[name] };
    codecs.set(declared, codec);
  }
  return codec;
}

const PLAIN: Readonly<Partial<Record<ValueTypeName, ColumnDecoder['plain']>>> = {
  date: 'string',
  'double precision': 'number',
  integer: 'whole',
  numeric: 'string',
  smallint: 'whole',
  text: 'string',
  uuid: 'string',
  varchar: 'string',
};

/** Returns the value unchanged. The thread sends integers as numbers where they are exact, and as bigints beyond. */
function stored(value: NonNullable<SqliteValue>): unknown {
  return value;
}

const DECODES: Readonly<Record<ValueTypeName, Decode>> = {
  bigint: (value) => (typeof value === 'bigint' ? value : undefined),
  boolean: (value) => (value === 1 ? true : value === 0 ? false : undefined),
  bytea: (value) => (value instanceof Uint8Array ? value : undefined),
  date: text,
  'double precision': (value) => (typeof value === 'number' ? value : undefined),
  integer: wholeNumber,
  json,
  jsonb: json,
  numeric: text,
  smallint: wholeNumber,
  text,
  timestamptz: (value) => (Number.isSafeInteger(value) ? new Date(Number(value)) : undefined),
  uuid: text,
  varchar: text,
};

function text(value: SqliteValue): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function wholeNumber(value: SqliteValue): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) ? value : undefined;
}

/** @throws ValueError for a number that JavaScript cannot hold. */
function json(value: SqliteValue, name: string): unknown {
  if (typeof value !== 'string') return undefined;
  try {
    return parseExactJson(value, name);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** A Buffer arrives from the thread as a plain Uint8Array. */
function nativeValue(value: SqliteValue): unknown {
  return value instanceof Uint8Array ? Buffer.from(value.buffer, value.byteOffset, value.byteLength) : value;
}

function mismatch(column: string, type: string | null | undefined): ValueError {
  const message = `Column "${column}" is declared ${type} but holds a value that is none, so it was not stored through Sluice. Audit the file, or select the column as an expression to see what is stored.`;
  return new ValueError(message, { column });
}

/** Rows that are there already, as a stream would give them. */
export function* inBatches(rows: readonly Row[], size: number): Generator<readonly Row[]> {
  for (let start = 0; start < rows.length; start += size) yield rows.slice(start, start + size);
}
