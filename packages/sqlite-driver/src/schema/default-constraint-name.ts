/** The kinds of constraints, by the ending of the name PostgreSQL gives one that has none. */
export type ConstraintEnding = 'check' | 'fkey' | 'key' | 'pkey';

/** PostgreSQL cuts names to 63 bytes (postgresql.org/docs/current/sql-syntax-lexical.html). */
const LONGEST_NAME_BYTES = 63;

/**
 * The name PostgreSQL gives a constraint that was given none, so that errors name it alike on both engines: `book_isbn_key`,
 * `book_author_id_fkey`, `book_pkey`. A check has its column in the name when it involves just one.
 */
export function defaultConstraintName(
  table: string,
  columns: readonly string[],
  ending: ConstraintEnding,
): string {
  const hasColumns = ending === 'key' || ending === 'fkey' || (ending === 'check' && columns.length === 1);
  return join(table, hasColumns ? columns.join('_') : undefined, ending);
}

/** Of two parts that are too long together the longer one is cut first, as PostgreSQL's makeObjectName does. */
function join(table: string, columns: string | undefined, ending: string): string {
  if (columns === undefined) return `${cut(table, LONGEST_NAME_BYTES - ending.length - 1)}_${ending}`;
  const room = LONGEST_NAME_BYTES - ending.length - 2;
  let [left, right] = [Buffer.byteLength(table), Buffer.byteLength(columns)];
  while (left + right > room) {
    if (left > right) left -= 1;
    else right -= 1;
  }
  return `${cut(table, left)}_${cut(columns, right)}_${ending}`;
}

/** The beginning of `text` that fits into `bytes` without splitting a character. */
function cut(text: string, bytes: number): string {
  let kept = '';
  let left = bytes;
  for (const character of text) {
    left -= Buffer.byteLength(character);
    if (left < 0) break;
    kept += character;
  }
  return kept;
}
