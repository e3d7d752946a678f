import { randomUUID } from 'node:crypto';
import { quoteText } from '../sql/quote.js';

/**
 * Size of the largest value that a transfer moves, in bytes. PostgreSQL accepts up to 1 GB, but a value is in memory several times at once: in
 * two threads, in the socket and for the hash.
 */
export const MAX_VALUE_BYTES: number = 64 * 1024 * 1024;

/** Random, so that no text of a file equals the placeholder. */
const SECRET = randomUUID();

const PLACEHOLDER = `\0${SECRET}`;

/** SQL that reads a column without loading values that are too large: it returns a placeholder for them. */
export function guardedColumn(name: string): string {
  return `iif(typeof(${name}) in ('text', 'blob') and octet_length(${name}) > ${MAX_VALUE_BYTES}, char(0) || ${quoteText(SECRET)} || typeof(${name}), ${name})`;
}

/** Storage class of the value that a placeholder replaces; `undefined` for every other value. */
export function largeClass(value: unknown): 'blob' | 'text' | undefined {
  if (typeof value !== 'string' || !value.startsWith(PLACEHOLDER)) return undefined;
  return value.endsWith('blob') ? 'blob' : 'text';
}
