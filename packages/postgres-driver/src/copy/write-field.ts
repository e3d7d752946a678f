import { parseDecimal, writeNumeric } from './numeric-binary.js';
import type { TupleWriter } from './tuple-writer.js';

/**
 * Writes a value, given as PostgreSQL's text or as bytes, as a field of COPY's binary format
 * (https://www.postgresql.org/docs/current/sql-copy.html). False, with nothing written, for a value that it leaves to the text format.
 */
export type WriteField = (value: string | Buffer, out: TupleWriter) => boolean;

/** The writers of the types that it pays for, by the name `format_type` gives them; what each type reads is its `…recv` function in PostgreSQL. */
export function fieldWriter(type: string): WriteField | undefined {
  return WRITERS.get(type);
}

const MS_PER_DAY = 86_400_000;

/** PostgreSQL counts from 2000-01-01. */
const EPOCH_MS = Date.UTC(2000, 0, 1);

const writeText = ofText((value, out) => {
  out.text(value);
  return true;
});

const WRITERS: ReadonlyMap<string, WriteField> = new Map<string, WriteField>([
  ['bigint', ofText(writeBigint)],
  ['boolean', ofText(writeBoolean)],
  ['bytea', writeBytes],
  ['character varying', writeText],
  ['date', ofText(writeDay)],
  ['double precision', ofText(writeDouble)],
  ['integer', ofText((value, out) => writeInteger(value, 4, out))],
  ['json', writeText],
  ['jsonb', ofText(writeJsonb)],
  ['numeric', ofText(writeDecimal)],
  ['smallint', ofText((value, out) => writeInteger(value, 2, out))],
  ['text', writeText],
  ['timestamp with time zone', ofText(writeMoment)],
  ['uuid', ofText(writeUuid)],
]);

function ofText(write: (value: string, out: TupleWriter) => boolean): WriteField {
  return (value, out) => typeof value === 'string' && write(value, out);
}

function writeBytes(value: string | Buffer, out: TupleWriter): boolean {
  if (typeof value === 'string') return false;
  out.int32(value.length);
  out.bytes(value);
  return true;
}

function writeInteger(value: string, bytes: 2 | 4, out: TupleWriter): boolean {
  const number = Number(value);
  const limit = 2 ** (8 * bytes - 1);
  if (!Number.isInteger(number) || number < -limit || number >= limit) return false;
  out.int32(bytes);
  if (bytes === 2) out.int16(number);
  else out.int32(number);
  return true;
}

function writeBigint(value: string, out: TupleWriter): boolean {
  if (!/^-?\d{1,18}$/.test(value)) return false;
  out.int32(8);
  const number = Number(value);
  if (Number.isSafeInteger(number)) out.int64(number);
  else out.bigint64(BigInt(value));
  return true;
}

function writeBoolean(value: string, out: TupleWriter): boolean {
  if (value !== 'true' && value !== 'false') return false;
  out.int32(1);
  out.bytes(value === 'true' ? TRUE : FALSE);
  return true;
}

const TRUE = Buffer.of(1);
const FALSE = Buffer.of(0);

function writeDouble(value: string, out: TupleWriter): boolean {
  const number = Number(value);
  if (Number.isNaN(number)) return false;
  out.int32(8);
  out.float64(number);
  return true;
}

function writeDecimal(value: string, out: TupleWriter): boolean {
  const digits = parseDecimal(value);
  if (digits === undefined) return false;
  writeNumeric(out, digits);
  return true;
}

function writeDay(value: string, out: TupleWriter): boolean {
  if (!/^\d{4}-\d\d-\d\d$/.test(value)) return false;
  const days = (Date.parse(value) - EPOCH_MS) / MS_PER_DAY;
  if (!Number.isInteger(days)) return false;
  out.int32(4);
  out.int32(days);
  return true;
}

/** Of moments as a Date writes them; years before 1 and beyond 9999 look otherwise. */
function writeMoment(value: string, out: TupleWriter): boolean {
  if (value.length !== 24) return false;
  const ms = Date.parse(value);
  if (Number.isNaN(ms)) return false;
  out.int32(8);
  out.bigint64(BigInt(ms - EPOCH_MS) * 1000n);
  return true;
}

function writeUuid(value: string, out: TupleWriter): boolean {
  const digits = value.replaceAll('-', '');
  if (!/^[0-9a-f]{32}$/i.test(digits)) return false;
  out.int32(16);
  out.bytes(Buffer.from(digits, 'hex'));
  return true;
}

/** A version in front, then the text. */
function writeJsonb(value: string, out: TupleWriter): boolean {
  const text = Buffer.from(value);
  out.int32(text.length + 1);
  out.bytes(TRUE);
  out.bytes(text);
  return true;
}
