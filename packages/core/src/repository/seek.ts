import { invalidQuery } from '../errors/invalid-query.js';
import { readCursor } from './cursor.js';
import type { OrderTerm } from './order.js';
import type { ShapeColumn, TableShape } from './table-shape.js';

/** Where a stream begins; every part may come untyped. */
export interface RawPlace {
  readonly after?: unknown;
  readonly cursor?: unknown;
}

/** The place before all rows. */
export const BEGINNING: RawPlace = {};

/** Whether a stream begins at its first row. */
export function isBeginning({ after, cursor }: RawPlace): boolean {
  return after === undefined && cursor === undefined;
}

/**
 * The encoded values of the place, one for each term of a total order.
 *
 * @throws UsageError `invalid_query`, `invalid_cursor` or `unknown_column`; ValueError.
 */
export function readPlace(shape: TableShape, terms: readonly OrderTerm[], place: RawPlace): unknown[] {
  const { after, cursor } = place;
  if (after === undefined) return readCursor(shape, terms, cursor);
  if (cursor !== undefined) throw invalidQuery('a stream begins `after` values or at a `cursor`, not both');
  if (typeof after !== 'object' || after === null || Array.isArray(after))
    throw invalidQuery('`after` must be an object with the values of the order and the key');
  for (const property of Object.keys(after)) shape.column(property);
  return terms.map(({ column }) => encodeValue(shape, column, after as Readonly<Record<string, unknown>>));
}

function encodeValue(
  shape: TableShape,
  column: ShapeColumn,
  after: Readonly<Record<string, unknown>>,
): unknown {
  const { property, isNullable } = column;
  const value = Object.hasOwn(after, property) ? after[property] : undefined;
  if (value === undefined || (value === null && !isNullable))
    throw invalidQuery(`\`after\` has no value of "${property}", by which the rows are ordered`);
  return shape.encode(column, value);
}
