import { type CheckedValue, ValueError, type ValueType } from '@sluice/core';
import type { SqliteValue } from './sqlite-value.js';

/** Converts a parameter of a statement into the value that SQLite stores. */
export type BindValue = (value: unknown, index: number) => SqliteValue;

/** Converts a value that core has checked into the value that a column of `type` stores. */
export function encodeValue(value: CheckedValue, type: ValueType): SqliteValue {
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (value instanceof Date) return value.getTime();
  if (typeof value === 'number' && type.name === 'bigint') return BigInt(value);
  if (type.isScaled === true && typeof value === 'string') return BigInt(value.replace('.', ''));
  return value;
}

/**
 * Converts a JavaScript value into the value that SQLite stores: booleans become 0 and 1, a Date milliseconds, plain objects and arrays
 * JSON text.
 *
 * @throws ValueError when SQLite has no equal value.
 */
export function bindPortable(value: unknown, index: number): SqliteValue {
  switch (typeof value) {
    case 'string':
      return storableText(value, index);
    case 'number':
      return storableNumber(value, index);
    case 'bigint':
      return storableBigint(value, index);
    case 'boolean':
      return value ? 1 : 0;
    case 'object':
      return value === null ? null : bindObject(value, index);
    default:
      throw refusal(index, `a value of type ${typeof value}`);
  }
}

function bindObject(value: object, index: number): SqliteValue {
  if (value instanceof Uint8Array) return ownBytes(value);
  if (value instanceof Date) return storableDate(value, index);
  const prototype: unknown = Object.getPrototypeOf(value);
  if (Array.isArray(value) || prototype === Object.prototype || prototype === null) {
    return storableText(JSON.stringify(value), index);
  }
  throw refusal(index, `an object of class ${value.constructor?.name ?? 'unknown'}`);
}

function storableText(value: string, index: number): string {
  if (value.includes('\0')) throw refusal(index, 'text with U+0000 in it');
  if (!value.isWellFormed()) throw refusal(index, 'text with a lone surrogate in it');
  return value;
}

/** SQLite would store NaN as NULL and -0 as 0. */
function storableNumber(value: number, index: number): number {
  if (Number.isNaN(value)) throw refusal(index, 'NaN');
  if (Object.is(value, -0)) throw refusal(index, '-0');
  return value;
}

function storableBigint(value: bigint, index: number): bigint {
  if (BigInt.asIntN(64, value) !== value) throw refusal(index, 'a bigint beyond 64 bits');
  return value;
}

function storableDate(value: Date, index: number): number {
  const ms = value.getTime();
  if (Number.isNaN(ms)) throw refusal(index, 'an invalid Date');
  return ms;
}

function refusal(index: number, what: string): ValueError {
  return new ValueError(`Parameter ${index + 1} is ${what}, which SQLite cannot hold; nothing was executed.`);
}

/**
 * Passes the values that better-sqlite3 can bind, and `undefined` as NULL.
 *
 * @throws TypeError with better-sqlite3's message for any other value.
 */
export function bindNative(value: unknown): SqliteValue {
  if (value === undefined) return null;
  if (value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint')
    return value;
  if (value instanceof Uint8Array) return ownBytes(value);
  throw new TypeError('SQLite3 can only bind numbers, strings, bigints, buffers, and null');
}

/** The bytes with a buffer of their own, so that only these bytes are sent to the thread. */
function ownBytes(bytes: Uint8Array): Uint8Array {
  return bytes.byteLength === bytes.buffer.byteLength ? bytes : new Uint8Array(bytes);
}
