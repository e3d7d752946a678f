import type { Scalar } from '../values/parameters.js';
import { parseDecimal, writeNumeric } from './numeric-binary.js';
import type { TupleWriter } from './tuple-writer.js';

/**
 * Writes a value as a field of COPY's binary format (https://www.postgresql.org/docs/current/sql-copy.html). Returns false, with nothing written, for a
 * value that must be sent in the text format, where the type's input function converts it.
 */
export type WriteField = (value: NonNullable<Scalar>, out: TupleWriter) => boolean;

/** The writer for a type, by its name from `format_type`; `undefined` where only the text format is supported. PostgreSQL's `…recv` functions define the bytes. */
export function fieldWriter(type: string): WriteField | undefined {
  return WRITERS.get(type);
}

const MS_PER_DAY = 86_400_000;

/** PostgreSQL's dates and times count from 2000-01-01. */
const EPOCH_MS = Date.UTC(2000, 0, 1);

const WRITERS: ReadonlyMap<string, WriteField> = new Map<string, WriteField>([
  ['bigint', writeBigint],
  ['boolean', writeBoolean],
  ['bytea', writeBytes],
  ['character varying', writeText],
  ['date', ofText(writeDay)],
  ['double precision', writeDouble],
  ['integer', (value, out) => writeInteger(value, 4, out)],
  ['json', writeText],
  ['jsonb', ofText(writeJsonb)],
  ['numeric', writeDecimal],
  ['smallint', (value, out) => writeInteger(value, 2, out)],
  ['text', writeText],
  ['timestamp with time zone', ofText(writeTimestamp)],
  ['uuid', ofText(writeUuid)],
]);

function ofText(write: (value: string, out: TupleWriter) => boolean): WriteField {
  return (value, out) => typeof value === 'string' && write(value, out);
}

function writeText(value: NonNullable<Scalar>, out: TupleWriter): boolean {
  if (typeof value === 'object') return false;
  out.text(String(value));
  return true;
}

function writeBytes(value: NonNullable<Scalar>, out: TupleWriter): boolean {
  if (typeof value !== 'object') return false;
  out.int32(value.length);
  out.bytes(value);
  return true;
}

/** The value of a number or bigint, and `NaN` for other values: the server decides what text means as a number. */
function toNumber(value: NonNullable<Scalar>): number {
  return typeof value === 'number' || typeof value === 'bigint' ? Number(value) : Number.NaN;
}

function writeInteger(value: NonNullable<Scalar>, bytes: 2 | 4, out: TupleWriter): boolean {
  const number = toNumber(value);
  const limit = 2 ** (8 * bytes - 1);
  if (!Number.isInteger(number) || number < -limit || number >= limit) return false;
  out.int32(bytes);
  if (bytes === 2) out.int16(number);
  else out.int32(number);
  return true;
}

function writeBigint(value: NonNullable<Scalar>, out: TupleWriter): boolean {
  const number = toNumber(value);
  if (Number.isSafeInteger(number)) {
    out.int32(8);
    out.int64(number);
    return true;
  }
  if (typeof value !== 'bigint' || BigInt.asIntN(64, value) !== value) return false;
  out.int32(8);
  out.bigint64(value);
  return true;
}

function writeBoolean(value: NonNullable<Scalar>, out: TupleWriter): boolean {
  if (typeof value !== 'boolean') return false;
  out.int32(1);
  out.bytes(value ? TRUE : FALSE);
  return true;
}

const TRUE = Buffer.of(1);
const FALSE = Buffer.of(0);

function writeDouble(value: NonNullable<Scalar>, out: TupleWriter): boolean {
  const number = toNumber(value);
  if (Number.isNaN(number)) return false;
  out.int32(8);
  out.float64(number);
  return true;
}

function writeDecimal(value: NonNullable<Scalar>, out: TupleWriter): boolean {
  const digits = typeof value === 'object' ? undefined : parseDecimal(String(value));
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

/** Writes a time in the format of Date.toISOString; years before 1 and after 9999 have another format, and are left to the text format. */
function writeTimestamp(value: string, out: TupleWriter): boolean {
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

/** Writes the format's version, 1, and then the text. */
function writeJsonb(value: string, out: TupleWriter): boolean {
  const text = Buffer.from(value);
  out.int32(text.length + 1);
  out.bytes(TRUE);
  out.bytes(text);
  return true;
}
