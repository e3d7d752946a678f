import { fitDecimal, parseDecimal, type TupleWriter, writeNumeric } from '@sluice/postgres-driver/copy';
import type { ColumnType } from './column-type.js';
import { isJson } from './is-json.js';
import { jsonbText } from './jsonb-text.js';
import { largeClass, MAX_VALUE_BYTES } from './large-value.js';
import { type ScaledForm, scaleOfForm, unitsText } from './scaled-numeric.js';
import { writeShortDecimal } from './short-decimal.js';
import {
  EPOCH_SECONDS,
  type Moment,
  momentOfJulianDay,
  momentOfMs,
  parseDay,
  parseMoment,
} from './time-text.js';
import type { ValueProblem } from './value-problem.js';

/** A value as SQLite returns it. Integers are bigints in tables where they may be beyond 2^53. */
export type SqliteValue = Uint8Array | bigint | number | string | null;

/**
 * How to interpret the values of a column: `plain` by their storage class, `scaled-2` as
 * whole numbers of hundredths, `words` as
 * booleans in words, `iso` as ISO 8601 text, the others as numbers that are points in time.
 */
export type ValueForm = 'epoch-ms' | 'epoch-s' | 'iso' | 'julian' | 'plain' | 'words' | ScaledForm;

/** Writes a value that is not NULL as a field of COPY's binary format. If it does not fit, writes nothing and returns the problem. */
export type EncodeValue = (value: SqliteValue, out: TupleWriter) => ValueProblem | undefined;

/** Returns the encoder for a column of `type` whose values in SQLite have `form`. */
export function encoderOf(type: ColumnType, form: ValueForm): EncodeValue {
  const scale = scaleOfForm(form);
  return scale === undefined ? plainEncoder(type, form) : scaledEncoder(scale, plainEncoder(type, 'plain'));
}

/** Leaves the numbers that whole numbers stand for to the encoder of the column's type. */
function scaledEncoder(scale: number, encode: EncodeValue): EncodeValue {
  const unit = 10 ** scale;
  return (value, out) => {
    const isSafe = typeof value === 'number' && Number.isSafeInteger(value);
    if (!isSafe && typeof value !== 'bigint') return 'wrong-class';
    // A number of up to 15 digits is told by its double, which is written faster.
    return encode(isSafe && Math.abs(value) < 1e15 ? value / unit : unitsText(value, scale), out);
  };
}

function plainEncoder(type: ColumnType, form: ValueForm): EncodeValue {
  switch (type.name) {
    case 'any':
      return encodeAny;
    case 'smallint':
      return integerWithin(32_767, (value, out) => {
        out.int32(2);
        out.int16(value);
      });
    case 'integer':
      return integerWithin(2_147_483_647, (value, out) => {
        out.int32(4);
        out.int32(value);
      });
    case 'bigint':
      return encodeBigint;
    case 'double precision':
      return encodeDouble;
    case 'real':
      return encodeReal;
    case 'numeric':
      return numericEncoder(type);
    case 'boolean':
      return form === 'words' ? encodeBooleanWord : encodeBoolean;
    case 'text':
      return encodeText;
    case 'varchar':
      return varcharEncoder(type.length);
    case 'bytea':
      return encodeBytes;
    case 'uuid':
      return encodeUuid;
    case 'json':
      return encodeJson;
    case 'jsonb':
      return encodeJsonb;
    case 'date':
      return dateEncoder(form);
    case 'timestamp':
    case 'timestamptz':
      return momentEncoder(type, form);
  }
}

/** Writes the storage class in one byte, then the value, so that 1, 1.0 and '1' differ. */
function encodeAny(value: SqliteValue, out: TupleWriter): ValueProblem | undefined {
  if (largeClass(value) !== undefined) return 'too-large';
  const isInteger = typeof value === 'bigint';
  const bytes = value instanceof Uint8Array ? value : Buffer.from(String(value));
  out.int32(bytes.length + 1);
  out.bytes(
    Buffer.from(isInteger ? 'i' : typeof value === 'number' ? 'r' : typeof value === 'string' ? 't' : 'b'),
  );
  out.bytes(bytes);
  return undefined;
}

function integerWithin(max: number, write: (value: number, out: TupleWriter) => void): EncodeValue {
  return (value, out) => {
    const number = typeof value === 'bigint' ? Number(value) : value;
    if (typeof number !== 'number') return 'wrong-class';
    if (!Number.isInteger(number)) return 'wrong-class';
    if (number > max || number < -max - 1) return 'out-of-range';
    write(number, out);
    return undefined;
  };
}

function encodeBigint(value: SqliteValue, out: TupleWriter): ValueProblem | undefined {
  if (typeof value === 'bigint') {
    out.int32(8);
    out.bigint64(value);
    return undefined;
  }
  if (typeof value !== 'number' || !Number.isInteger(value)) return 'wrong-class';
  if (!Number.isSafeInteger(value)) return 'out-of-range';
  out.int32(8);
  out.int64(value);
  return undefined;
}

/** Accepts an integer if a double represents it exactly. */
function encodeDouble(value: SqliteValue, out: TupleWriter): ValueProblem | undefined {
  const number = typeof value === 'bigint' ? Number(value) : value;
  if (typeof number !== 'number') return 'wrong-class';
  if (typeof value === 'bigint' && BigInt(number) !== value) return 'out-of-range';
  out.int32(8);
  out.float64(number);
  return undefined;
}

function encodeReal(value: SqliteValue, out: TupleWriter): ValueProblem | undefined {
  const number = typeof value === 'bigint' ? Number(value) : value;
  if (typeof number !== 'number') return 'wrong-class';
  if (Math.fround(number) !== number) return 'out-of-range';
  out.int32(4);
  out.float32(number);
  return undefined;
}

/** Writes a double with the fewest digits that round-trip (ECMA-262, Number::toString). */
function numericEncoder({ precision, scale }: ColumnType): EncodeValue {
  return (value, out) => {
    if (value === null || value instanceof Uint8Array) return 'wrong-class';
    if (typeof value === 'number' && !Number.isFinite(value)) return 'out-of-range';
    if (typeof value === 'number' && writeShortDecimal(out, value, precision, scale)) return undefined;
    const digits = parseDecimal(String(value));
    if (digits === undefined) return typeof value === 'string' ? 'wrong-form' : 'out-of-range';
    const fitting = fitDecimal(digits, precision, scale);
    if (fitting === undefined) return 'out-of-range';
    writeNumeric(out, fitting);
    return undefined;
  };
}

function encodeBoolean(value: SqliteValue, out: TupleWriter): ValueProblem | undefined {
  const number = typeof value === 'bigint' ? Number(value) : value;
  if (typeof number !== 'number') return 'wrong-class';
  if (number !== 0 && number !== 1) return 'out-of-range';
  out.int32(1);
  out.reserve(1);
  out.buffer[out.position] = number;
  out.position += 1;
  return undefined;
}

const BOOLEAN_WORDS: Readonly<Record<string, number>> = {
  '0': 0,
  '1': 1,
  f: 0,
  false: 0,
  n: 0,
  no: 0,
  off: 0,
  on: 1,
  t: 1,
  true: 1,
  y: 1,
  yes: 1,
};

function encodeBooleanWord(value: SqliteValue, out: TupleWriter): ValueProblem | undefined {
  if (typeof value !== 'string') return encodeBoolean(value, out);
  const number = BOOLEAN_WORDS[value.trim().toLowerCase()];
  return number === undefined ? 'wrong-form' : encodeBoolean(number, out);
}

/** Returns `undefined` when PostgreSQL can store the text. Text from SQLite has no lone surrogates, because UTF-8 cannot encode them. */
function refuseText(value: SqliteValue): ValueProblem | undefined {
  if (typeof value !== 'string') return 'wrong-class';
  if (value.length > MAX_VALUE_BYTES / 3 && Buffer.byteLength(value) > MAX_VALUE_BYTES) return 'too-large';
  return value.includes('\0') ? 'nul-in-text' : undefined;
}

function encodeText(value: SqliteValue, out: TupleWriter): ValueProblem | undefined {
  const problem = refuseText(value);
  if (problem === undefined) out.text(value as string);
  return problem;
}

function varcharEncoder(length: number | undefined): EncodeValue {
  if (length === undefined) return encodeText;
  return (value, out) => {
    const isLong = typeof value === 'string' && value.length > length && countCodePoints(value) > length;
    return isLong ? 'too-long' : encodeText(value, out);
  };
}

function countCodePoints(value: string): number {
  let count = 0;
  for (const _ of value) count += 1;
  return count;
}

function encodeBytes(value: SqliteValue, out: TupleWriter): ValueProblem | undefined {
  if (!(value instanceof Uint8Array)) return 'wrong-class';
  if (value.length > MAX_VALUE_BYTES) return 'too-large';
  out.int32(value.length);
  out.bytes(value);
  return undefined;
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Accepts lower case only: PostgreSQL returns every uuid in lower case. */
function encodeUuid(value: SqliteValue, out: TupleWriter): ValueProblem | undefined {
  if (typeof value !== 'string') return 'wrong-class';
  if (!UUID.test(value)) return 'wrong-form';
  out.int32(16);
  out.bytes(Buffer.from(value.replaceAll('-', ''), 'hex'));
  return undefined;
}

function encodeJson(value: SqliteValue, out: TupleWriter): ValueProblem | undefined {
  return refuseText(value) ?? (isJson(value as string) ? encodeText(value, out) : 'wrong-form');
}

/** Writes a version byte, then the text. jsonb cannot hold \u0000. */
function encodeJsonb(value: SqliteValue, out: TupleWriter): ValueProblem | undefined {
  const problem = refuseText(value);
  if (problem !== undefined) return problem;
  const text = value as string;
  if (!isJson(text)) return 'wrong-form';
  if (/\\u0000/i.test(text.replaceAll('\\\\', ''))) return 'nul-in-text';
  const bytes = Buffer.from(jsonbText(text));
  out.int32(bytes.length + 1);
  out.bytes(Uint8Array.of(1));
  out.bytes(bytes);
  return undefined;
}

function dateEncoder(form: ValueForm): EncodeValue {
  return (value, out) => {
    const days = typeof value === 'string' ? parseDay(value) : wholeDays(momentOf(value, form));
    if (days === undefined) return problemOf(value, form);
    out.int32(4);
    out.int32(days);
    return undefined;
  };
}

function wholeDays(moment: Moment | undefined): number | undefined {
  if (moment === undefined || moment.micros !== 0 || moment.seconds % 86_400 !== 0) return undefined;
  return moment.seconds / 86_400;
}

/** A timestamp accepts text without a time zone, a timestamptz text with one. */
function momentEncoder({ name, precision = 6 }: ColumnType, form: ValueForm): EncodeValue {
  return (value, out) => {
    const moment = momentOf(value, form);
    if (moment === undefined) return problemOf(value, form);
    if (typeof value === 'string' && (moment.zone === 'none') !== (name === 'timestamp')) return 'wrong-form';
    if (moment.micros % 10 ** (6 - precision) !== 0) return 'out-of-range';
    if (moment.seconds < FIRST_SECOND || moment.seconds > LAST_SECOND) return 'out-of-range';
    out.int32(8);
    writeMicros(moment, out);
    return undefined;
  };
}

/** The earliest time of PostgreSQL, 4714-11-24 BC, and the latest of JavaScript. */
const FIRST_SECOND = -210_866_803_200 - EPOCH_SECONDS;
const LAST_SECOND = 8_640_000_000_000 - EPOCH_SECONDS;

function writeMicros({ seconds, micros }: Moment, out: TupleWriter): void {
  const total = seconds * 1_000_000 + micros;
  if (Number.isSafeInteger(total)) out.int64(total);
  else out.bigint64(BigInt(seconds) * 1_000_000n + BigInt(micros));
}

function momentOf(value: SqliteValue, form: ValueForm): Moment | undefined {
  if (typeof value === 'string') return form === 'iso' ? parseMoment(value) : undefined;
  const number = typeof value === 'bigint' ? Number(value) : value;
  if (typeof number !== 'number' || !Number.isFinite(number)) return undefined;
  if (form === 'epoch-ms') return momentOfMs(number);
  if (form === 'epoch-s') return momentOfMs(number * 1000);
  return form === 'julian' ? momentOfJulianDay(number) : undefined;
}

function problemOf(value: SqliteValue, form: ValueForm): ValueProblem {
  return (typeof value === 'string') === (form === 'iso' || form === 'plain') ? 'wrong-form' : 'wrong-class';
}
