import type { SqliteValue } from '../values/encode-value.js';
import type { PageRecord } from './page-record.js';

/**
 * Serial types (sqlite.org/fileformat2.html, 2.1). From 12 on, even ones are blobs and odd ones text. `rowid` is our own: of the column that
 * is the rowid under another name.
 */
export const SERIAL = { rowid: -1, null: 0, int64: 6, real: 7, zero: 8, one: 9, blob: 12, text: 13 } as const;

export function isText(type: number): boolean {
  return type >= SERIAL.text && (type & 1) === 1;
}

export function isBlob(type: number): boolean {
  return type >= SERIAL.blob && (type & 1) === 0;
}

/** An integer of the record; NaN for another class, and beyond 2^53. */
export function integerAt({ view, rowid }: PageRecord, type: number, at: number): number {
  switch (type) {
    case 1:
      return view.getInt8(at);
    case 2:
      return view.getInt16(at);
    case 3:
      return view.getInt16(at) * 256 + view.getUint8(at + 2);
    case 4:
      return view.getInt32(at);
    case 5:
      return view.getInt16(at) * 0x1_0000_0000 + view.getUint32(at + 2);
    case SERIAL.int64: {
      const value = view.getInt32(at) * 0x1_0000_0000 + view.getUint32(at + 4);
      return Number.isSafeInteger(value) ? value : Number.NaN;
    }
    case SERIAL.rowid:
      return rowid;
    case SERIAL.zero:
      return 0;
    case SERIAL.one:
      return 1;
    default:
      return Number.NaN;
  }
}

/** How better-sqlite3 gives the values of a column. */
export interface ValueReading {
  /** Whether the column has REAL affinity: whole numbers are stored as integers in it, and read as reals. */
  readonly isReal: boolean;
  /** Whether integers are bigints. */
  readonly hasBigIntegers: boolean;
}

/** A field as the value that better-sqlite3 would give. */
export function valueAt(
  record: PageRecord,
  type: number,
  at: number,
  { isReal, hasBigIntegers }: ValueReading,
): SqliteValue {
  if (type === SERIAL.null) return null;
  if (type >= SERIAL.blob) {
    const end = at + ((type - SERIAL.blob) >>> 1);
    return isText(type)
      ? record.bytes.toString('utf8', at, end)
      : Buffer.from(record.bytes.subarray(at, end));
  }
  if (type === SERIAL.real) {
    const real = record.view.getFloat64(at);
    // SQLite has no such value, and reads NULL (sqlite.org/datatype3.html).
    return Number.isNaN(real) ? null : real;
  }
  if (type === SERIAL.int64) {
    const integer = record.view.getBigInt64(at);
    return hasBigIntegers && !isReal ? integer : Number(integer);
  }
  const integer = integerAt(record, type, at);
  return hasBigIntegers && !isReal ? BigInt(integer) : integer;
}
