/** The suffix of the name that PostgreSQL gives an unnamed constraint. */
export type ConstraintEnding = 'check' | 'fkey' | 'key' | 'pkey';

/** PostgreSQL truncates names to 63 bytes (postgresql.org/docs/current/sql-syntax-lexical.html). */
const LONGEST_NAME_BYTES = 63;

/**
 * The name that PostgreSQL gives an unnamed constraint: `book_isbn_key`, `book_author_id_fkey`, `book_pkey`. Errors of both engines thus use
 * the same name. The name of a check contains its column when it involves exactly one.
 */
export function defaultConstraintName(
  table: string,
  columns: readonly string[],
  ending: ConstraintEnding,
): string {
  const hasColumns = ending === 'key' || ending === 'fkey' || (ending === 'check' && columns.length === 1);
  return join(table, hasColumns ? columns.join('_') : undefined, ending);
}

/** Joins the parts. When they are too long together, the longer one is shortened first, as PostgreSQL's makeObjectName does. */
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

/** The longest prefix of `text` that fits into `bytes` without splitting a character. */
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
