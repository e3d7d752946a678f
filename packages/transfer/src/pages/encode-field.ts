import { isUtf8 } from 'node:buffer';
import type { ColumnType } from '../values/column-type.js';
import type { ValueForm } from '../values/encode-value.js';
import { dayNumber } from '../values/time-text.js';
import type { PageRecord } from './page-record.js';
import { integerAt, isBlob, isText, SERIAL } from './record-values.js';
import type { TupleBytes } from './tuple-bytes.js';

/**
 * Writes a field of a record, which is not NULL, as one of COPY's binary format, with no JavaScript value in between. It knows the values
 * that fit and are common; for any other it writes nothing and gives false, and the value goes to its {@link EncodeValue}.
 *
 * @param type the serial type of the field, which begins at `at`.
 */
export type EncodeField = (record: PageRecord, type: number, at: number, out: TupleBytes) => boolean;

/** The encoder of a column of `type`, whose values in SQLite have `form`; of a type that has none, one that knows no value. */
export function fieldEncoderOf(type: ColumnType, form: ValueForm, hasBigIntegers: boolean): EncodeField {
  switch (type.name) {
    case 'smallint':
      return encodeSmallint;
    case 'integer':
      return encodeInteger;
    case 'bigint':
      return hasBigIntegers ? encodeBigint : encodeSafeInteger;
    case 'double precision':
      return encodeDouble;
    case 'boolean':
      return form === 'words' ? encodeNone : encodeBoolean;
    case 'text':
      return encodeText;
    case 'varchar':
      return varcharEncoder(type.length ?? Number.POSITIVE_INFINITY);
    case 'bytea':
      return encodeBytes;
    case 'date':
      return encodeDay;
    case 'timestamp':
    case 'timestamptz':
      return form === 'iso' ? momentEncoder(type) : encodeNone;
    default:
      return encodeNone;
  }
}

function encodeNone(): boolean {
  return false;
}

function encodeSmallint(record: PageRecord, type: number, at: number, out: TupleBytes): boolean {
  const value = integerAt(record, type, at);
  if (!(value >= -32_768 && value <= 32_767)) return false;
  out.int16(value);
  return true;
}

function encodeInteger(record: PageRecord, type: number, at: number, out: TupleBytes): boolean {
  const value = integerAt(record, type, at);
  if (value !== (value | 0)) return false;
  out.int32(value);
  return true;
}

function encodeSafeInteger(record: PageRecord, type: number, at: number, out: TupleBytes): boolean {
  const value = integerAt(record, type, at);
  if (Number.isNaN(value)) return false;
  out.int64(value);
  return true;
}

/** All of its 64 bits count. */
function encodeBigint(record: PageRecord, type: number, at: number, out: TupleBytes): boolean {
  if (type !== SERIAL.int64) return encodeSafeInteger(record, type, at, out);
  copyEight(record, at, out);
  return true;
}

function encodeDouble(record: PageRecord, type: number, at: number, out: TupleBytes): boolean {
  if (type === SERIAL.real) {
    // Not a number has these bits, and is NULL; so has infinity, which is rare.
    if ((record.view.getInt32(at) & 0x7ff0_0000) === 0x7ff0_0000) return false;
    copyEight(record, at, out);
    return true;
  }
  const value = integerAt(record, type, at);
  if (Number.isNaN(value)) return false;
  out.float64(value);
  return true;
}

function copyEight({ view }: PageRecord, at: number, out: TupleBytes): void {
  const { position } = out;
  out.view.setInt32(position, 8);
  out.view.setInt32(position + 4, view.getInt32(at));
  out.view.setInt32(position + 8, view.getInt32(at + 4));
  out.position = position + 12;
}

function encodeBoolean(record: PageRecord, type: number, at: number, out: TupleBytes): boolean {
  const value = integerAt(record, type, at);
  if (value !== 0 && value !== 1) return false;
  out.boolean(value);
  return true;
}

function encodeText(record: PageRecord, type: number, at: number, out: TupleBytes): boolean {
  return isText(type) && copyText(record, at, (type - SERIAL.text) >>> 1, out);
}

/** No text has more characters than bytes. */
function varcharEncoder(length: number): EncodeField {
  return (record, type, at, out) => {
    if (!isText(type)) return false;
    const bytes = (type - SERIAL.text) >>> 1;
    return bytes <= length && copyText(record, at, bytes, out);
  };
}

/** Copies text, and finds on the way whether all of it is ASCII without U+0000. */
function copyText(record: PageRecord, from: number, length: number, out: TupleBytes): boolean {
  const { view: source } = record;
  const { view: target, position } = out;
  const end = from + length;
  let to = position + 4;
  let at = from;
  // The high bit of a byte stays clear in both terms as long as all bytes are 1 to 127.
  let high = 0;
  for (; at < end - 3; at += 4, to += 4) {
    const word = source.getInt32(at);
    high |= (word - 0x0101_0101) | word;
    target.setInt32(to, word);
  }
  for (; at < end; at += 1, to += 1) {
    const byte = source.getUint8(at);
    high |= (byte - 1) | byte;
    target.setUint8(to, byte);
  }
  if ((high & 0x8080_8080) !== 0 && !isPlainText(record, from, end)) return false;
  target.setInt32(position, length);
  out.position = to;
  return true;
}

/** Whether bytes are UTF-8, and PostgreSQL can hold them. */
function isPlainText({ bytes, view }: PageRecord, from: number, to: number): boolean {
  for (let at = from; at < to; at += 1) if (view.getUint8(at) === 0) return false;
  return isUtf8(bytes.subarray(from, to));
}

function encodeBytes(record: PageRecord, type: number, at: number, out: TupleBytes): boolean {
  if (!isBlob(type)) return false;
  const length = (type - SERIAL.blob) >>> 1;
  const { position } = out;
  out.view.setInt32(position, length);
  record.bytes.copy(out.bytes, position + 4, at, at + length);
  out.position = position + 4 + length;
  return true;
}

/** `YYYY-MM-DD` */
function encodeDay(record: PageRecord, type: number, at: number, out: TupleBytes): boolean {
  if (type !== SERIAL.text + 2 * 10) return false;
  const days = dayAt(record.view, at);
  if (days === undefined) return false;
  out.int32(days);
  return true;
}

/** `YYYY-MM-DD HH:MM:SS[.fff]`, with a Z behind it for a timestamptz and a T in the middle or none. */
function momentEncoder({ name, precision = 6 }: ColumnType): EncodeField {
  const zone = name === 'timestamptz' ? 1 : 0;
  const plain = SERIAL.text + 2 * (19 + zone);
  const withMs = precision < 3 ? -1 : SERIAL.text + 2 * (23 + zone);
  return ({ view }, type, at, out) => {
    if (type !== plain && type !== withMs) return false;
    const ms = type === plain ? 0 : msAt(view, at + 19);
    if (zone === 1 && view.getUint8(at + (type === plain ? 19 : 23)) !== UPPER_Z) return false;
    const micros = (secondsAt(view, at) * 1000 + ms) * 1000;
    // Not a number, too.
    if (!Number.isSafeInteger(micros)) return false;
    out.int64(micros);
    return true;
  };
}

const HYPHEN = 0x2d;
const COLON = 0x3a;
const POINT = 0x2e;
const SPACE = 0x20;
const UPPER_T = 0x54;
const UPPER_Z = 0x5a;

/** Seconds since 2000 of `YYYY-MM-DD HH:MM:SS`; NaN for anything else. */
function secondsAt(view: DataView, at: number): number {
  const days = dayAt(view, at);
  const middle = view.getUint8(at + 10);
  const hour = digitsAt(view, at + 11);
  const minute = digitsAt(view, at + 14);
  const second = digitsAt(view, at + 17);
  if (days === undefined || (middle !== SPACE && middle !== UPPER_T)) return Number.NaN;
  if (view.getUint8(at + 13) !== COLON || view.getUint8(at + 16) !== COLON) return Number.NaN;
  return hour < 24 && minute < 60 && second < 60
    ? days * 86_400 + hour * 3600 + minute * 60 + second
    : Number.NaN;
}

/** The last day that was read: rows that follow each other often have the same. */
const last: { head: number; middle: number; tail: number; days: number | undefined } = {
  head: 0,
  middle: 0,
  tail: 0,
  days: undefined,
};

function dayAt(view: DataView, at: number): number | undefined {
  const head = view.getInt32(at);
  const middle = view.getInt32(at + 4);
  const tail = view.getInt16(at + 8);
  if (head === last.head && middle === last.middle && tail === last.tail) return last.days;
  last.head = head;
  last.middle = middle;
  last.tail = tail;
  last.days = newDayAt(view, at);
  return last.days;
}

function newDayAt(view: DataView, at: number): number | undefined {
  if (view.getUint8(at + 4) !== HYPHEN || view.getUint8(at + 7) !== HYPHEN) return undefined;
  const year = digitsAt(view, at) * 100 + digitsAt(view, at + 2);
  return dayNumber(year, digitsAt(view, at + 5), digitsAt(view, at + 8));
}

/** `.fff`; NaN for anything else. */
function msAt(view: DataView, at: number): number {
  const last = view.getUint8(at + 3) - 48;
  return view.getUint8(at) === POINT && last >= 0 && last <= 9
    ? digitsAt(view, at + 1) * 10 + last
    : Number.NaN;
}

/** Two digits; NaN for anything else. */
function digitsAt(view: DataView, at: number): number {
  const tens = view.getUint8(at) - 48;
  const ones = view.getUint8(at + 1) - 48;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : Number.NaN;
}
