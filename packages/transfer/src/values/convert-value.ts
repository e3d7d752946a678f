import type { ColumnType } from './column-type.js';
import type { SqliteValue } from './encode-value.js';
import { EPOCH_SECONDS, momentOfJulianDay, parseDay, parseMoment } from './time-text.js';

/** Input of a conversion: the value, its bytes if it is text that is not valid UTF-8, and the column's type. */
export interface ConversionInput {
  readonly value: SqliteValue;
  readonly invalidBytes: Uint8Array | undefined;
  readonly type: ColumnType;
}

/** Converts a value that does not fit. The result is checked again, and may not fit either. */
export type Conversion = (input: ConversionInput) => SqliteValue;

/** The named rules of the policy `convert:NAME`. */
export const CONVERSIONS: Readonly<Record<string, Conversion>> = {
  'to-null': () => null,
  'to-text': toText,
  'parse-number': parseNumber,
  'strip-nul': ({ value }) => replaceNul(value, ''),
  'nul-to-symbol': ({ value }) => replaceNul(value, '\u2400'),
  // SQLite has returned U+FFFD for the invalid bytes already.
  'replace-utf8': ({ value }) => value,
  latin1: fromLatin1,
  truncate,
  round,
  words: fromWord,
  'any-date': fromAnyDate,
};

/** Writes numbers as text, and blobs as hexadecimal digits. */
function toText({ value }: ConversionInput): SqliteValue {
  return value instanceof Uint8Array
    ? Buffer.from(value).toString('hex')
    : value === null
      ? null
      : String(value);
}

/** Reads the number that a text holds. */
function parseNumber({ value }: ConversionInput): SqliteValue {
  if (typeof value !== 'string') return value;
  const text = value.trim();
  if (/^[+-]?\d{1,18}$/.test(text)) return BigInt(text);
  return /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(text) ? Number(text) : value;
}

function replaceNul(value: SqliteValue, replacement: string): SqliteValue {
  return typeof value === 'string' ? value.replaceAll('\0', replacement) : value;
}

/** Reads bytes that are not valid UTF-8 as Windows-1252. */
function fromLatin1({ value, invalidBytes }: ConversionInput): SqliteValue {
  return invalidBytes === undefined ? value : new TextDecoder('windows-1252').decode(invalidBytes);
}

/** Truncates text to the length of its column. */
function truncate({ value, type }: ConversionInput): SqliteValue {
  return typeof value === 'string' ? [...value].slice(0, type.length).join('') : value;
}

/** Rounds a number to the scale of its column. */
function round({ value, type }: ConversionInput): SqliteValue {
  if (typeof value !== 'number') return value;
  return type.name === 'numeric' ? value.toFixed(Math.min(type.scale ?? 0, 100)) : Math.round(value);
}

function fromWord({ value }: ConversionInput): SqliteValue {
  if (typeof value !== 'string') return value;
  const word = value.trim().toLowerCase();
  if (/^(?:t|true|yes|y|on|1)$/.test(word)) return 1n;
  return /^(?:f|false|no|n|off|0)$/.test(word) ? 0n : value;
}

/** Reads days, ISO 8601 text (without a zone as UTC), seconds and milliseconds since 1970, and Julian days. */
function fromAnyDate({ value, type }: ConversionInput): SqliteValue {
  const ms = typeof value === 'string' ? msOfText(value) : msOfNumber(value);
  if (ms === undefined || !Number.isFinite(new Date(ms).getTime())) return value;
  const text = new Date(ms).toISOString();
  if (type.name === 'date') return text.slice(0, 10);
  return type.name === 'timestamp' ? text.slice(0, -1) : text;
}

function msOfText(text: string): number | undefined {
  const day = parseDay(text);
  if (day !== undefined) return (day * 86_400 + EPOCH_SECONDS) * 1000;
  const moment = parseMoment(text);
  if (moment !== undefined) {
    // Milliseconds would lose the microseconds.
    return moment.micros % 1000 === 0
      ? (moment.seconds + EPOCH_SECONDS) * 1000 + moment.micros / 1000
      : undefined;
  }
  return /^\d+(?:\.\d+)?$/.test(text) ? msOfNumber(Number(text)) : undefined;
}

/** A fractional number in the range of the years 0 to 9999 is a Julian day; other numbers are seconds up to the year 5138, and milliseconds above. */
function msOfNumber(value: SqliteValue): number | undefined {
  const number = typeof value === 'bigint' ? Number(value) : value;
  if (typeof number !== 'number' || !Number.isFinite(number)) return undefined;
  if (!Number.isInteger(number) && number > 1_721_059 && number < 5_373_485) {
    return (momentOfJulianDay(number).seconds + EPOCH_SECONDS) * 1000;
  }
  return Math.abs(number) < 1e11 ? number * 1000 : number;
}
