/** The protocol's DataRow message begins with the number of columns. Each value is preceded by its length, -1 for NULL. */
const COUNT_BYTES = 2;
const LENGTH_BYTES = 4;

/** Decodes a value from its bytes in a message. */
export type BytesReader = (bytes: Buffer, start: number, end: number) => unknown;

/**
 * One row in the buffer that was received (https://www.postgresql.org/docs/current/protocol-message-formats.html). Values are decoded on request, by
 * the readers of their columns, so that a number is not converted to a string first.
 */
export class DataRow {
  readonly #bytes: Buffer;
  readonly #start: number;
  readonly #end: number;

  /** @param start offset of the message's body in `bytes`. */
  constructor(bytes: Buffer, start: number, end: number) {
    this.#bytes = bytes;
    this.#start = start;
    this.#end = end;
  }

  /** Length of the message's body. */
  get sizeBytes(): number {
    return this.#end - this.#start;
  }

  /** Every value as text. For `pg`'s own queries, and for rows of few columns. */
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

  /** Decodes the values that are not NULL with the columns' readers, and sets them in `row` under the columns' names. A column without a name is left out. */
  readInto(
    row: Record<string, unknown>,
    names: readonly (string | undefined)[],
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

/** Decodes an integer of at most 15 digits: an int2, int4 or oid. */
export function readInteger(bytes: Buffer, start: number, end: number): number {
  const isNegative = bytes[start] === MINUS;
  let value = 0;
  for (let at = isNegative ? start + 1 : start; at < end; at += 1)
    value = value * 10 + (bytes[at] ?? 0) - ZERO;
  return isNegative ? -value : value;
}

/**
 * Decodes a floating-point number, with the result of `Number` on its text. With at most 15 digits, both the digits as an integer and the power of ten
 * are exact, so their quotient is correctly rounded. Longer numbers are decoded from a string.
 */
export function readFloat(bytes: Buffer, start: number, end: number): number {
  const isNegative = bytes[start] === MINUS;
  const first = isNegative ? start + 1 : start;
  let digits = 0;
  let pointAt = end - 1;
  if (end - first > MAX_DIGITS) return Number(bytes.toString('latin1', start, end));
  for (let at = first; at < end; at += 1) {
    const code = bytes[at] ?? 0;
    if (code >= ZERO && code <= NINE) digits = digits * 10 + code - ZERO;
    else if (code === POINT) pointAt = at;
    else return Number(bytes.toString('latin1', start, end));
  }
  const value = digits / (POWERS_OF_TEN[end - 1 - pointAt] ?? 1);
  return isNegative ? -value : value;
}

const MAX_DIGITS = 15;
const POWERS_OF_TEN: readonly number[] = Array.from({ length: MAX_DIGITS }, (_, power) => 10 ** power);

const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;
