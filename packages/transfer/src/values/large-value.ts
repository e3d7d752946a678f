import { randomUUID } from 'node:crypto';
import { quoteText } from '../sql/quote.js';

/**
 * Largest value that is moved, in bytes. PostgreSQL takes up to 1 GB; memory has to hold a value several times, once on each side of two
 * threads, a socket and a hash.
 */
export const MAX_VALUE_BYTES: number = 64 * 1024 * 1024;

/** Unknown to whoever made a file; no text of it is taken for the stand-in. */
const SECRET = randomUUID();

const STAND_IN = `\0${SECRET}`;

/** SQL that reads a column without ever loading a value that is too large: text stands in for it. */
export function guardedColumn(name: string): string {
  return `iif(typeof(${name}) in ('text', 'blob') and octet_length(${name}) > ${MAX_VALUE_BYTES}, char(0) || ${quoteText(SECRET)} || typeof(${name}), ${name})`;
}

/** Storage class of the value that this text stands in for; `undefined` when it is a value itself. */
export function largeClass(value: unknown): 'blob' | 'text' | undefined {
  if (typeof value !== 'string' || !value.startsWith(STAND_IN)) return undefined;
  return value.endsWith('blob') ? 'blob' : 'text';
}
