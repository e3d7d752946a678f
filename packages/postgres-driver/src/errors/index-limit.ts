import { type ConstraintDetails, type ErrorOptions, ValueError } from '@sluice/core';
import type { ServerError } from './server-error.js';

/**
 * The longest entry of a B-tree index, in bytes, after compression: a third of a page of 8 kB
 * (https://www.postgresql.org/docs/current/btree.html). A value of 2,692 bytes always fits, alone in its index.
 */
const MAX_ENTRY_BYTES = 2704;

/** What refuses an entry that is longer than any page, before it is known which index it is for. */
const BEFORE_INDEX_IS_KNOWN: ReadonlySet<string> = new Set(['index_form_tuple', 'index_form_tuple_context']);

/** Whether a value was too long for an index. Only for SQLSTATE 54000; the server's message may be translated. */
export function isTooLongForIndex({ code, constraint, routine = '' }: ServerError): boolean {
  return code === '54000' && (constraint !== undefined || BEFORE_INDEX_IS_KNOWN.has(routine));
}

/** The error for a value that is too long for an index. */
export function indexLimitError(place: ConstraintDetails, options: ErrorOptions): ValueError {
  const { table, constraint, columns = [] } = place;
  const index = constraint === undefined ? 'an index' : `the index "${constraint}"`;
  const of = table === undefined ? '' : ` of "${table}"`;
  const on = columns.length === 0 ? '' : ` (${columns.join(', ')})`;
  const message =
    `A value is too long for ${index}${of}${on}; nothing was stored. PostgreSQL stores at most ${MAX_ENTRY_BYTES.toLocaleString('en')} bytes of a row in a ` +
    'B-tree index, compressed, so up to 2,692 bytes always fit. Use a shorter key, such as a hash of the value, or index an expression: md5(column) or left(column, 500).';
  return new ValueError(message, {
    ...options,
    table,
    column: columns.length === 1 ? columns[0] : undefined,
  });
}
