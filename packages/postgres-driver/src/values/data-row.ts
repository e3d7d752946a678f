/** The protocol's DataRow begins with a count of columns; before each value stands its length, -1 for NULL. */
const COUNT_BYTES = 2;
const LENGTH_BYTES = 4;

/** Reads a value where it lies in a message. */
export type BytesReader = (bytes: Buffer, start: number, end: number) => unknown;

/**
 * One row as it lies in what the server sent (https://www.postgresql.org/docs/current/protocol-message-formats.html). Values are read when they are
 * asked for, by what knows their column, so that a number need not be made a text first.
 */
export class DataRow {
  readonly #bytes: Buffer;
  readonly #start: number;
  readonly #end: number;

  /** @param start of the message's body. */
  constructor(bytes: Buffer, start: number, end: number) {
    this.#bytes = bytes;
    this.#start = start;
    this.#end = end;
  }

  /** Length of the whole row on the wire. */
  get sizeBytes(): number {
    return this.#end - this.#start;
  }

  /** Every value as text. For `pg`'s own queries, and where there are few columns. */
  get fields(): (string | null)[] {
    const count = this.#bytes.readUInt16BE(this.#start);
    return Array.from({ length: count }, (_, column) => this.text(column));
  }

  /** The value of one column as text. */
  text(column: number): string | null {
    const bytes = this.#bytes;
    let at = this.#start + COUNT_BYTES;
    for (let before = 0; before < column; before += 1)
      at += LENGTH_BYTES + Math.max(0, bytes.readInt32BE(at));
    const length = bytes.readInt32BE(at);
    const start = at + LENGTH_BYTES;
    return length < 0 ? null : bytes.toString('utf8', start, start + length);
  }

  /** Puts what the columns' readers make of the values that are not NULL under their names. */
  readInto(
    row: Record<string, unknown>,
    names: readonly string[],
    readers: readonly BytesReader[],
    first: number,
  ): void {
    const bytes = this.#bytes;
    let at = this.#start + COUNT_BYTES;
    for (let column = 0; column < names.length; column += 1) {
      const length = bytes.readInt32BE(at);
      at += LENGTH_BYTES;
      if (length < 0) continue;
      const name = names[column];
      if (column >= first && name !== undefined) row[name] = readers[column]?.(bytes, at, at + length);
      at += length;
    }
  }
}

/** Reads a whole number of at most 15 digits, as int2, int4 and oid are. */
export function readInteger(bytes: Buffer, start: number, end: number): number {
  const isNegative = bytes[start] === MINUS;
  let value = 0;
  for (let at = isNegative ? start + 1 : start; at < end; at += 1)
    value = value * 10 + (bytes[at] ?? 0) - ZERO;
  return isNegative ? -value : value;
}

/**
 * Reads a floating-point number as `Number` reads its text. Of at most 15 digits both the digits as a whole number and the power of ten are exact,
 * so that their division is the nearest number there is; the others are made a text.
 */
export function readFloat(bytes: Buffer, start: number, end: number): number {
  const isNegative = bytes[start] === MINUS;
  const first = isNegative ? start + 1 : start;
  let digits = 0;
  let pointAt = end - 1;
  if (end - first > MOST_DIGITS) return Number(bytes.toString('latin1', start, end));
  for (let at = first; at < end; at += 1) {
    const code = bytes[at] ?? 0;
    if (code >= ZERO && code <= NINE) digits = digits * 10 + code - ZERO;
    else if (code === POINT) pointAt = at;
    else return Number(bytes.toString('latin1', start, end));
  }
  const value = digits / (POWERS_OF_TEN[end - 1 - pointAt] ?? 1);
  return isNegative ? -value : value;
}

const MOST_DIGITS = 15;
const POWERS_OF_TEN: readonly number[] = Array.from({ length: MOST_DIGITS }, (_, power) => 10 ** power);

const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;
