/**
 * Types of result columns by name. SQLite reports the declared type of a column, but no type of an expression. Where the query compiler knows
 * the type of an expression, it writes it in a comment at the end of the statement, which the thread parses.
 */
export type TypeHints = ReadonlyMap<string, string>;

/** Formats the comment; empty when there are no hints. */
export function formatTypeHints(hints: TypeHints): string {
  if (hints.size === 0) return '';
  return ` /* types ${JSON.stringify([...hints]).replaceAll('*/', '*\\/')} */`;
}

const HINTS = / \/\* types (\[.*\]) \*\/$/s;

/** Parses the comment of {@link formatTypeHints}; no hints when there is none. */
export function parseTypeHints(sql: string): TypeHints {
  const json = sql.endsWith('*/') ? HINTS.exec(sql)?.[1] : undefined;
  if (json === undefined) return new Map();
  try {
    return new Map(JSON.parse(json) as [string, string][]);
  } catch {
    return new Map();
  }
}
