import { type CheckedValue, UnsupportedError, UsageError, ValueError } from '@sluice/core';
import type { ValueMode } from '../options/options.js';
import { formatTimestamp } from './text.js';

/** The maximum number of parameters of one statement: the protocol counts them in 16 bits. */
export const MAX_PARAMETERS = 65_535;

/** A parameter that `pg` sends unchanged: text, bytes or null. */
export type Bound = string | Buffer | null;

/**
 * Converts a statement's parameters to what `pg` sends. PostgreSQL infers the type of each parameter from the statement.
 *
 * @throws ValueError for a value that not every driver can store, UsageError for `undefined`, UnsupportedError for too many parameters.
 */
export function bindParameters(parameters: readonly unknown[], mode: ValueMode): readonly unknown[] {
  assertCount(parameters);
  return mode === 'native' ? parameters : parameters.map(bindValue);
}

/** {@link bindParameters} for the values of the contract. */
export function bindPortable(parameters: readonly unknown[]): readonly Bound[] {
  assertCount(parameters);
  return parameters.map(bindValue);
}

function assertCount(parameters: readonly unknown[]): void {
  if (parameters.length > MAX_PARAMETERS) {
    throw new UnsupportedError(
      `The statement has ${parameters.length} parameters; PostgreSQL takes at most ${MAX_PARAMETERS}. Split it.`,
    );
  }
}

/**
 * Converts an object that is sent as JSON to its text, before the caller changes it. Other values are unchanged, as are objects that cannot be written as JSON,
 * which are refused when they are bound. With native values, `pg` sends an array as PostgreSQL's, and converts an object with a method `toPostgres` itself.
 */
export function fixObject(value: unknown, mode: ValueMode): unknown {
  if (typeof value !== 'object' || value === null || value instanceof Date || isBytes(value)) return value;
  try {
    if (mode === 'native' && Array.isArray(value)) return value.map((member) => fixObject(member, mode));
    if (mode === 'native' && 'toPostgres' in value) return value;
    return JSON.stringify(value) ?? value;
  } catch {
    return value;
  }
}

function isBytes(value: object): boolean {
  return value instanceof ArrayBuffer || ArrayBuffer.isView(value);
}

/** Converts a checked value to a parameter's value. It does not need the type, because PostgreSQL infers it from the column. */
export function encodeValue(value: CheckedValue): unknown {
  if (value instanceof Date) return formatTimestamp(value);
  return value instanceof Uint8Array ? asBuffer(value) : value;
}

/** Converts one parameter. @param index of the parameter in the statement, for messages. */
export function bindValue(value: unknown, index: number): Bound {
  return bindScalar(checkValue(value, index));
}

/** A checked parameter: objects are converted to text or bytes, other values are unchanged. */
export type Scalar = bigint | boolean | number | Bound;

/** Converts a number or a boolean to text; leaves other values unchanged. */
export function bindScalar(value: Scalar): Bound {
  return value === null || typeof value === 'string' || typeof value === 'object' ? value : String(value);
}

/** Checks that PostgreSQL and every other driver can store a value. @param index of the parameter in the statement, for messages. */
export function checkValue(value: unknown, index: number): Scalar {
  switch (typeof value) {
    case 'string':
      return checkText(value, index);
    case 'number':
      if (Number.isNaN(value) || Object.is(value, -0))
        throw refusal(index, 'is NaN or -0, which not every driver keeps');
      return value;
    case 'bigint':
    case 'boolean':
      return value;
    case 'object':
      return value === null ? null : bindObject(value, index);
    case 'undefined':
      throw new UsageError(
        'invalid_query',
        `Parameter $${index + 1} is undefined. Give null, or leave the column out.`,
      );
    default:
      throw refusal(index, `is a ${typeof value}`);
  }
}

function bindObject(value: object, index: number): Bound {
  if (value instanceof Date) {
    if (Number.isNaN(value.getTime())) throw refusal(index, 'is an invalid Date');
    return formatTimestamp(value);
  }
  if (value instanceof Uint8Array) return asBuffer(value);
  // As JSON they would be stored as {} or as an object of numbered members.
  if (isBytes(value))
    throw refusal(index, `is of class ${value.constructor.name}; give bytes as a Uint8Array`);
  return bindJson(value, index);
}

/** Objects and arrays are sent as JSON: the contract has no PostgreSQL arrays. */
function bindJson(value: object, index: number): string {
  try {
    const json: string | undefined = JSON.stringify(value);
    if (json !== undefined) return checkText(json, index);
  } catch (cause) {
    if (cause instanceof ValueError) throw cause;
    throw new ValueError(`Parameter $${index + 1} cannot be written as JSON.`, { cause });
  }
  throw refusal(index, 'cannot be written as JSON');
}

function checkText(text: string, index: number): string {
  if (text.includes('\0')) throw refusal(index, 'holds U+0000, which PostgreSQL cannot store');
  if (!text.isWellFormed())
    throw refusal(index, 'holds half of a surrogate pair, which UTF-8 cannot express');
  return text;
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function refusal(index: number, what: string): ValueError {
  return new ValueError(`Parameter $${index + 1} ${what}.`);
}
