import { ValueError } from '@sluice/core';
import { type FieldDef, types } from 'pg';
import type { ValueMode } from '../options/options.js';
import { type BytesReader, readFloat, readInteger } from './data-row.js';
import { isExactBigint, parseExactBigint } from './exact-bigint.js';
import { parseBytes, parseDay, parseTimestamp } from './text.js';

/** Turns a value's text, as the server sends it, into the JavaScript value. */
export type Decoder = (text: string) => unknown;

/** Reads the values of a result's column where they lie: what is short and often comes needs no text of its own. */
export function readerOf(field: FieldDef, mode: ValueMode): BytesReader {
  const direct = mode === 'portable' ? DIRECT[field.dataTypeID] : undefined;
  if (direct !== undefined) return direct;
  const decode = decoderOf(field, mode);
  return (bytes, start, end) => decode(bytes.toString('utf8', start, end));
}

/** The decoder for a result's column. */
export function decoderOf(field: FieldDef, mode: ValueMode): Decoder {
  if (mode === 'native') return types.getTypeParser(field.dataTypeID, 'text');
  if (isExactBigint(field)) return parseExactBigint;
  return PORTABLE[field.dataTypeID]?.(field) ?? asText;
}

/** Object identifiers of PostgreSQL's built-in types, the same in every database (pg_type.dat). */
const OID = {
  bool: 16,
  bytea: 17,
  int8: 20,
  int2: 21,
  int4: 23,
  oid: 26,
  json: 114,
  float4: 700,
  float8: 701,
  date: 1082,
  timestamptz: 1184,
  jsonb: 3802,
} as const;

const TRUE = 't'.charCodeAt(0);

/** Types that are read without a text in between, as {@link PORTABLE} would from one. */
const DIRECT: Readonly<Record<number, BytesReader | undefined>> = {
  [OID.bool]: (bytes, start) => bytes[start] === TRUE,
  [OID.int2]: readInteger,
  [OID.int4]: readInteger,
  [OID.oid]: readInteger,
  [OID.float4]: readFloat,
  [OID.float8]: readFloat,
};

/** Types that are not here (text, numeric, uuid and all that are not in the contract) keep PostgreSQL's text. */
const PORTABLE: Readonly<Record<number, ((field: FieldDef) => Decoder) | undefined>> = {
  [OID.bool]: () => (text) => text === 't',
  [OID.bytea]: () => parseBytes,
  [OID.int8]: (field) => (isComputed(field) ? parseCount : BigInt),
  [OID.int2]: () => Number,
  [OID.int4]: () => Number,
  [OID.oid]: () => Number,
  [OID.json]: () => JSON.parse,
  [OID.jsonb]: () => JSON.parse,
  [OID.float4]: () => Number,
  [OID.float8]: () => Number,
  [OID.date]: (field) => (text) => parseDay(text) ?? refuse(field, 'a date outside the years 0001 to 9999'),
  [OID.timestamptz]: decodeTimestamp,
};

/** Whether a column of the result is an expression and not a table's or view's column. */
function isComputed(field: FieldDef): boolean {
  return field.tableID === 0;
}

/**
 * `count(*)` and its like are int8 on PostgreSQL: a number while it is exact. SQLite's driver keeps the same rule, because there nothing
 * tells a computed integer from a computed bigint.
 */
function parseCount(text: string): number | bigint {
  const number = Number(text);
  return Number.isSafeInteger(number) ? number : BigInt(text);
}

/** A stored time that a Date cannot hold is refused; a computed one, such as `now()`, is cut to the millisecond. */
function decodeTimestamp(field: FieldDef): Decoder {
  const mayCut = isComputed(field);
  return (text) => {
    const time = parseTimestamp(text);
    if (time === undefined) return refuse(field, 'a time that no Date can hold');
    if (!time.isExact && !mayCut) {
      return refuse(
        field,
        'a time with microseconds; declare the column timestamptz(3), or select it as text',
      );
    }
    return time.date;
  };
}

function refuse(field: FieldDef, what: string): never {
  throw new ValueError(`The column "${field.name}" of the result holds ${what}.`, { column: field.name });
}

function asText(text: string): string {
  return text;
}
