import { createHash } from 'node:crypto';
import type { Row } from '../driver/driver.js';
import { invalidQuery } from '../errors/invalid-query.js';
import { UsageError } from '../errors/usage-errors.js';
import type { OrderTerm } from './order.js';
import type { TableShape } from './table-shape.js';

/** Encodes the position of `row` in a total order as an opaque text. */
export function writeCursor(shape: TableShape, terms: readonly OrderTerm[], row: Row): string {
  const values = terms.map(({ column }) => toPlain(row[column.property]));
  const body = JSON.stringify(values);
  return Buffer.from(`${digest(shape, terms, body)}${body}`).toString('base64url');
}

/**
 * Decodes a cursor into encoded values, one for each term.
 *
 * @throws UsageError `invalid_cursor` when {@link writeCursor} did not write it, it was changed, or it belongs to another table or order.
 */
export function readCursor(shape: TableShape, terms: readonly OrderTerm[], cursor: unknown): unknown[] {
  if (typeof cursor !== 'string') throw invalid('it is not a string');
  const text = Buffer.from(cursor, 'base64url').toString();
  const body = text.slice(DIGEST_LENGTH);
  if (text.slice(0, DIGEST_LENGTH) !== digest(shape, terms, body)) {
    throw invalid('it was changed, or belongs to another table or another order');
  }
  const values = JSON.parse(body) as PlainValue[];
  return terms.map(({ column }, index) => shape.encode(column, fromPlain(values[index] ?? null)));
}

type PlainValue =
  | null
  | string
  | number
  | boolean
  | { readonly kind: 'bigint' | 'bytes' | 'number' | 'time'; readonly text: string };

const DIGEST_LENGTH = 22;

/** A digest that binds a cursor to its table and order and detects changes. It is not a signature: a cursor grants no access. */
function digest(shape: TableShape, terms: readonly OrderTerm[], body: string): string {
  const order = terms.map(({ column, direction, nulls }) => [column.name, direction, nulls]);
  return createHash('sha256')
    .update(JSON.stringify([shape.name, order, body]))
    .digest('base64url')
    .slice(0, DIGEST_LENGTH);
}

function toPlain(value: unknown): PlainValue {
  if (typeof value === 'bigint') return { kind: 'bigint', text: String(value) };
  if (value instanceof Date) return { kind: 'time', text: String(value.getTime()) };
  if (value instanceof Uint8Array) return { kind: 'bytes', text: Buffer.from(value).toString('base64url') };
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number')
    return Number.isFinite(value) ? value : { kind: 'number', text: String(value) };
  throw invalidQuery('a column it is ordered by cannot be put in a cursor');
}

function fromPlain(value: PlainValue): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (value.kind === 'bigint') return BigInt(value.text);
  if (value.kind === 'number') return Number(value.text);
  return value.kind === 'time'
    ? new Date(Number(value.text))
    : new Uint8Array(Buffer.from(value.text, 'base64url'));
}

function invalid(why: string): UsageError {
  return new UsageError('invalid_cursor', `The cursor was refused: ${why}. Begin again without a cursor.`);
}
