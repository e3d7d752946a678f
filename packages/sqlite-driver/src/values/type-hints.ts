/**
 * SQLite knows the declared type of a column, and no type of an expression. Where the compiler knows that an expression is of a column's
 * type, it says so in a comment at the end of the statement, and the thread reads it.
 */
export type TypeHints = ReadonlyMap<string, string>;

/** The comment for the result columns named in `hints`; empty when there are none. */
export function formatTypeHints(hints: TypeHints): string {
  if (hints.size === 0) return '';
  return ` /* types ${JSON.stringify([...hints]).replaceAll('*/', '*\\/')} */`;
}

const HINTS = / \/\* types (\[.*\]) \*\/$/s;

/** Reads what {@link formatTypeHints} wrote. */
export function parseTypeHints(sql: string): TypeHints {
  const json = sql.endsWith('*/') ? HINTS.exec(sql)?.[1] : undefined;
  if (json === undefined) return new Map();
  try {
    return new Map(JSON.parse(json) as [string, string][]);
  } catch {
    return new Map();
  }
}
