import type { ColumnType } from './column-type.js';
import type { SqliteValue } from './encode-value.js';
import { EPOCH_SECONDS, momentOfJulianDay, parseDay, parseMoment } from './time-text.js';

/** What a conversion is given: the value, its bytes when it is text that is no UTF-8, and the column's type. */
export interface ConversionInput {
  readonly value: SqliteValue;
  readonly invalidBytes: Uint8Array | undefined;
  readonly type: ColumnType;
}

/** A rule by which a value that does not fit is turned into one that may; what it gives is checked again. */
export interface Conversion {
  readonly does: string;
  readonly convert: (input: ConversionInput) => SqliteValue;
}

/** The named rules of the policy `convert:NAME`. */
export const CONVERSIONS: Readonly<Record<string, Conversion>> = {
  'to-null': { does: 'stores NULL instead', convert: () => null },
  'to-text': { does: 'writes numbers as text; blobs as hexadecimal digits', convert: toText },
  'parse-number': { does: 'reads the number that a text holds', convert: parseNumber },
  'strip-nul': { does: 'leaves U+0000 out', convert: ({ value }) => replaceNul(value, '') },
  'nul-to-symbol': { does: 'writes U+2400 for U+0000', convert: ({ value }) => replaceNul(value, '\u2400') },
  'replace-utf8': { does: 'writes U+FFFD for bytes that are no UTF-8', convert: ({ value }) => value },
  latin1: { does: 'reads bytes that are no UTF-8 as Windows-1252', convert: fromLatin1 },
  truncate: { does: 'cuts text off at the length of its column', convert: truncate },
  round: { does: 'rounds a number to what the type holds', convert: round },
  words: { does: 'reads true, false, yes, no, on, off, t, f, y, n', convert: fromWord },
  'any-date': {
    does: 'reads days, ISO text with and without a zone, seconds and milliseconds since 1970, and Julian days; without a zone as UTC',
    convert: fromAnyDate,
  },
};

function toText({ value }: ConversionInput): SqliteValue {
  return value instanceof Uint8Array
    ? Buffer.from(value).toString('hex')
    : value === null
      ? null
      : String(value);
}

function parseNumber({ value }: ConversionInput): SqliteValue {
  if (typeof value !== 'string') return value;
  const text = value.trim();
  if (/^[+-]?\d{1,18}$/.test(text)) return BigInt(text);
  return /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(text) ? Number(text) : value;
}

function replaceNul(value: SqliteValue, replacement: string): SqliteValue {
  return typeof value === 'string' ? value.replaceAll('\0', replacement) : value;
}

function fromLatin1({ value, invalidBytes }: ConversionInput): SqliteValue {
  return invalidBytes === undefined ? value : new TextDecoder('windows-1252').decode(invalidBytes);
}

function truncate({ value, type }: ConversionInput): SqliteValue {
  return typeof value === 'string' ? [...value].slice(0, type.length).join('') : value;
}

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

/** Days that julianday() gives, from the year 0 to 9999; seconds up to the year 5138; beyond, milliseconds. */
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
    // Microseconds would be lost on the way through milliseconds.
    return moment.micros % 1000 === 0
      ? (moment.seconds + EPOCH_SECONDS) * 1000 + moment.micros / 1000
      : undefined;
  }
  return /^\d+(?:\.\d+)?$/.test(text) ? msOfNumber(Number(text)) : undefined;
}

function msOfNumber(value: SqliteValue): number | undefined {
  const number = typeof value === 'bigint' ? Number(value) : value;
  if (typeof number !== 'number' || !Number.isFinite(number)) return undefined;
  if (!Number.isInteger(number) && number > 1_721_059 && number < 5_373_485) {
    return (momentOfJulianDay(number).seconds + EPOCH_SECONDS) * 1000;
  }
  return Math.abs(number) < 1e11 ? number * 1000 : number;
}
