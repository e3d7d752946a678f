import { ValueError } from '../errors/data-errors.js';
import { jsonPathStep } from './exact-json.js';
import type { ValueType, ValueTypeName } from './value-type.js';

/** A value after {@link checkValue}: within the range of its type, in the type's canonical form. */
export type CheckedValue = string | number | bigint | boolean | Date | Uint8Array | null;

/** The column that a value is for; named in messages. */
export interface ValuePlace {
  readonly table: string;
  readonly column: string;
}

/**
 * Checks that a column of `type` stores `value` exactly on every driver, and returns the canonical form of the value: uuids in lower case,
 * numerics padded to their scale, JSON as text. Bytes and Dates are copied, because the caller may change its own before the statement runs. `null` passes; the
 * database decides whether the column takes it.
 *
 * @throws ValueError. Its message names the column and the values that it takes, never the value.
 */
export function checkValue(value: unknown, type: ValueType, place: ValuePlace): CheckedValue {
  if (value === null) return null;
  const checked = CHECKS[type.name](value, type);
  if (checked === undefined) throw refusal(value, type, place);
  return checked;
}

/** Returns the canonical form of a value, or `undefined` when the type cannot store it. */
type Check = (value: unknown, type: ValueType) => CheckedValue | undefined;

const CHECKS: Readonly<Record<ValueTypeName, Check>> = {
  bigint: (value) => integerWithin(value, -(2n ** 63n), 2n ** 63n - 1n),
  boolean: (value) => (typeof value === 'boolean' ? value : undefined),
  bytea: (value) => (value instanceof Uint8Array ? new Uint8Array(value) : undefined),
  date: checkDate,
  'double precision': checkDouble,
  integer: (value) => numberWithin(value, -(2 ** 31), 2 ** 31 - 1),
  json: checkJson,
  jsonb: checkJson,
  numeric: checkNumeric,
  smallint: (value) => numberWithin(value, -(2 ** 15), 2 ** 15 - 1),
  text: checkText,
  timestamptz: checkTimestamp,
  uuid: checkUuid,
  varchar: checkText,
};

const HOLDS: Readonly<Record<ValueTypeName, string>> = {
  bigint: 'a bigint (or a safe integer) from -2^63 to 2^63 - 1',
  boolean: 'true or false',
  bytea: 'a Uint8Array',
  date: "a string 'YYYY-MM-DD' that is a day of the calendar, from year 0001 to 9999",
  'double precision': 'a number that is neither NaN nor -0',
  integer: 'a whole number from -2^31 to 2^31 - 1',
  json: 'a value that JSON can express, without U+0000',
  jsonb: 'a value that JSON can express, without U+0000',
  numeric: 'a string of decimal digits such as "-12.50", within its precision and scale',
  smallint: 'a whole number from -32768 to 32767',
  text: 'a well-formed string without U+0000, no longer than the column',
  timestamptz: 'a valid Date, from 4713 BC to 275760 AD',
  uuid: 'a uuid such as "123e4567-e89b-12d3-a456-426614174000"',
  varchar: 'a well-formed string without U+0000, no longer than the column',
};

function refusal(value: unknown, type: ValueType, place: ValuePlace): ValueError {
  const inside = type.name === 'json' || type.name === 'jsonb' ? pathToUnstorable(value) : '';
  const given = inside === '' ? 'the value given' : `what the value given has at $${inside}`;
  const message = `"${place.table}"."${place.column}" is ${describeType(type)} and holds ${HOLDS[type.name]}; ${given} is none.`;
  return new ValueError(message, place);
}

function describeType({ name, length, precision, scale }: ValueType): string {
  if (length !== undefined) return `${name}(${length})`;
  return precision === undefined ? name : `${name}(${precision}, ${scale ?? 0})`;
}

function numberWithin(value: unknown, min: number, max: number): number | undefined {
  if (typeof value === 'bigint') return numberWithin(Number(value), min, max);
  if (typeof value !== 'number' || !Number.isInteger(value) || Object.is(value, -0)) return undefined;
  return value >= min && value <= max ? value : undefined;
}

function integerWithin(value: unknown, min: bigint, max: bigint): bigint | undefined {
  if (typeof value === 'number')
    return Number.isSafeInteger(value) && !Object.is(value, -0) ? BigInt(value) : undefined;
  return typeof value === 'bigint' && value >= min && value <= max ? value : undefined;
}

/** Refuses -0 because SQLite stores it as 0, and NaN because SQLite stores it as NULL (sqlite.org/datatype3.html). */
function checkDouble(value: unknown): number | undefined {
  return typeof value === 'number' && !Number.isNaN(value) && !Object.is(value, -0) ? value : undefined;
}

function checkText(value: unknown, type: ValueType): string | undefined {
  if (typeof value !== 'string' || !isStorableText(value)) return undefined;
  return type.length === undefined || countCodePoints(value) <= type.length ? value : undefined;
}

/** PostgreSQL refuses U+0000 in text, and UTF-8 cannot encode a lone surrogate. */
function isStorableText(value: string): boolean {
  return !value.includes('\0') && value.isWellFormed();
}

function countCodePoints(value: string): number {
  let count = 0;
  for (const _ of value) count += 1;
  return count;
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

function checkUuid(value: unknown): string | undefined {
  return typeof value === 'string' && UUID.test(value) ? value.toLowerCase() : undefined;
}

/** The earliest timestamp of PostgreSQL: Julian day 0, 4714-11-24 BC (postgresql.org/docs/current/datatype-datetime.html). */
const FIRST_TIMESTAMP_MS = Date.UTC(-4713, 10, 24);

function checkTimestamp(value: unknown): Date | undefined {
  return value instanceof Date && value.getTime() >= FIRST_TIMESTAMP_MS ? new Date(value) : undefined;
}

const DATE = /^(\d{4})-(\d{2})-(\d{2})$/;

function checkDate(value: unknown): string | undefined {
  if (typeof value !== 'string' || !DATE.test(value) || value < '0001') return undefined;
  const day = new Date(`${value}T00:00:00Z`);
  return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(value) ? value : undefined;
}

function checkJson(value: unknown): string | undefined {
  if (value === undefined || !isJson(value)) return undefined;
  return JSON.stringify(value);
}

/** Whether writing `value` as JSON and parsing it gives an equal value: it contains no undefined, function, bigint, NaN, Date or other class instance. */
function isJson(value: unknown): boolean {
  if (value === null || typeof value === 'boolean') return true;
  if (typeof value === 'string') return isStorableText(value);
  if (typeof value === 'number') return Number.isFinite(value) && !Object.is(value, -0);
  if (typeof value !== 'object') return false;
  if (Array.isArray(value)) return value.every(isJson);
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return false;
  return Object.entries(value).every(([key, member]) => isStorableText(key) && isJson(member));
}

/** The path to the innermost part of `value` that {@link isJson} refuses; empty when that is the value itself. */
function pathToUnstorable(value: unknown): string {
  if (typeof value !== 'object' || value === null) return '';
  const found = Object.entries(value).find(([key, member]) => !isStorableText(key) || !isJson(member));
  if (found === undefined) return '';
  const [key, member] = found;
  return jsonPathStep(Array.isArray(value) ? Number(key) : key) + pathToUnstorable(member);
}

const NUMERIC = /^([+-]?)0*(\d*)(?:\.(\d*))?$/;

function checkNumeric(value: unknown, type: ValueType): string | undefined {
  const match = typeof value === 'string' && /\d/.test(value) ? NUMERIC.exec(value) : null;
  if (match === null) return undefined;
  const [, sign = '', whole = '', fraction = ''] = match;
  const kept = fitFraction(fraction, type.scale);
  if (kept === undefined || whole.length > maxWholeDigits(type) || kept.length > 16_383) return undefined;
  const digits = `${whole === '' ? '0' : whole}${kept === '' ? '' : `.${kept}`}`;
  return sign === '-' && /[1-9]/.test(digits) ? `-${digits}` : digits;
}

/** The fraction, padded to the scale; `undefined` when digits other than 0 would be lost. */
function fitFraction(fraction: string, scale: number | undefined): string | undefined {
  if (scale === undefined) return fraction;
  if (/[1-9]/.test(fraction.slice(scale))) return undefined;
  return fraction.slice(0, scale).padEnd(scale, '0');
}

/** Without a precision, PostgreSQL stores 131,072 digits before the decimal point (postgresql.org/docs/current/datatype-numeric.html). */
function maxWholeDigits({ precision, scale = 0 }: ValueType): number {
  return precision === undefined ? 131_072 : precision - scale;
}
