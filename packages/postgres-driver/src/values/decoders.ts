import { constants } from 'node:buffer';
import { parseExactJson, ValueError } from '@sluice/core';
import { type FieldDef, types } from 'pg';
import type { ValueMode } from '../options/options.js';
import { parseArray } from './array.js';
import { type BytesReader, readFloat, readInteger } from './data-row.js';
import { isExactBigint, parseExactBigint } from './exact-bigint.js';
import { parseBytes, parseDay, parseTimestamp } from './text.js';

/** Converts a value's text, as the server sends it, to the JavaScript value. */
export type Decoder = (text: string) => unknown;

/** The function that decodes a result's column from the received bytes. Short, frequent types are decoded without making a string first. */
export function readerOf(field: FieldDef, mode: ValueMode): BytesReader {
  const direct = mode === 'portable' ? DIRECT[field.dataTypeID] : undefined;
  if (direct !== undefined) return direct;
  const decode = decoderOf(field, mode);
  return (bytes, start, end) =>
    end - start > MAX_TEXT_BYTES
      ? refuse(field, `a value of ${end - start} bytes as text, more than a JavaScript string holds`)
      : decode(bytes.toString('utf8', start, end));
}

/** The function that decodes a result's column from text. */
export function decoderOf(field: FieldDef, mode: ValueMode): Decoder {
  if (mode === 'native') return types.getTypeParser(field.dataTypeID, 'text');
  if (isExactBigint(field)) return parseExactBigint;
  const element = ELEMENTS[field.dataTypeID];
  if (element !== undefined) return decodeArray({ ...field, dataTypeID: element });
  return PORTABLE[field.dataTypeID]?.(field) ?? asText;
}

const MAX_TEXT_BYTES = constants.MAX_STRING_LENGTH;

/** Object identifiers of PostgreSQL's built-in types, the same in every database (pg_type.dat). */
const OID = {
  bool: 16,
  bytea: 17,
  int8: 20,
  int2: 21,
  int4: 23,
  text: 25,
  oid: 26,
  json: 114,
  float4: 700,
  float8: 701,
  varchar: 1043,
  date: 1082,
  timestamp: 1114,
  timestamptz: 1184,
  numeric: 1700,
  uuid: 2950,
  jsonb: 3802,
} as const;

const TRUE = 't'.charCodeAt(0);

/** Types that are decoded directly from bytes, with the same result as {@link PORTABLE} gives from text. */
const DIRECT: Readonly<Record<number, BytesReader | undefined>> = {
  [OID.bool]: (bytes, start) => bytes[start] === TRUE,
  [OID.int2]: readInteger,
  [OID.int4]: readInteger,
  [OID.oid]: readInteger,
  [OID.float4]: readFloat,
  [OID.float8]: readFloat,
};

/** The types of the elements of arrays of the contract's types. A type outside of the contract stays text, and so does an array of it. */
const ELEMENTS: Readonly<Record<number, number | undefined>> = {
  199: OID.json,
  1000: OID.bool,
  1001: OID.bytea,
  1005: OID.int2,
  1007: OID.int4,
  1009: OID.text,
  1015: OID.varchar,
  1016: OID.int8,
  1022: OID.float8,
  1115: OID.timestamp,
  1182: OID.date,
  1185: OID.timestamptz,
  1231: OID.numeric,
  2951: OID.uuid,
  3807: OID.jsonb,
};

function decodeArray(element: FieldDef): Decoder {
  // All elements of one array have one type: a bigint is none that becomes a number while it is small.
  const decode =
    element.dataTypeID === OID.int8 ? BigInt : (PORTABLE[element.dataTypeID]?.(element) ?? asText);
  return (text) => parseArray(text, decode);
}

/** Values of types that are not listed (text, numeric, uuid and all types outside of the contract) stay PostgreSQL's text. */
const PORTABLE: Readonly<Record<number, ((field: FieldDef) => Decoder) | undefined>> = {
  [OID.bool]: () => (text) => text === 't',
  [OID.bytea]: () => parseBytes,
  [OID.int8]: (field) => (isComputed(field) ? parseCount : BigInt),
  [OID.int2]: () => Number,
  [OID.int4]: () => Number,
  [OID.oid]: () => Number,
  [OID.json]: decodeJson,
  [OID.jsonb]: decodeJson,
  [OID.float4]: () => Number,
  [OID.float8]: () => Number,
  [OID.date]: (field) => (text) => parseDay(text) ?? refuse(field, 'a date outside the years 0001 to 9999'),
  // Without a time zone it is taken for UTC, as which a Date is stored there.
  [OID.timestamp]: (field) => {
    const decode = decodeTimestamp(field);
    return (text) => decode(text.replace(/(?: BC)?$/, (era) => `+00${era}`));
  },
  [OID.timestamptz]: decodeTimestamp,
};

function decodeJson({ name }: FieldDef): Decoder {
  return (text) => parseExactJson(text, name);
}

/** Whether a column of the result is computed by an expression, and not a column of a table or view. */
function isComputed(field: FieldDef): boolean {
  return field.tableID === 0;
}

/**
 * `count(*)` and similar expressions are int8 on PostgreSQL. They become a number while that is exact, else a bigint. The SQLite driver has the same
 * rule, because SQLite does not distinguish a computed integer from a computed bigint.
 */
function parseCount(text: string): number | bigint {
  const number = Number(text);
  return Number.isSafeInteger(number) ? number : BigInt(text);
}

/** Refuses a time that a Date cannot represent; truncates any other to milliseconds. */
function decodeTimestamp(field: FieldDef): Decoder {
  return (text) => parseTimestamp(text) ?? refuse(field, 'a time that no Date can hold');
}

function refuse(field: FieldDef, what: string): never {
  throw new ValueError(`The column "${field.name}" of the result holds ${what}.`, { column: field.name });
}

function asText(text: string): string {
  return text;
}
