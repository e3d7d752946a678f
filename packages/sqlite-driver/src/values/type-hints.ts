/**
 * Types of result columns by name. SQLite reports the declared type of a column, but no type of an expression. Core knows
 * the types of expressions, and adds a comment at the end of the statement, which the thread parses. An empty type is that of an expression
 * although SQLite names a column.
 */
export type TypeHints = ReadonlyMap<string, string>;

/** The comment, which `formatTypeHints` writes. */
const HINTS = / \/\* types (\[.*\]) \*\/$/s;

/** Parses the comment; no hints when there is none. */
export function parseTypeHints(sql: string): TypeHints {
  const json = sql.endsWith('*/') ? HINTS.exec(sql)?.[1] : undefined;
  if (json === undefined) return new Map();
  try {
    return new Map(JSON.parse(json) as [string, string][]);
  } catch {
    return new Map();
  }
}
