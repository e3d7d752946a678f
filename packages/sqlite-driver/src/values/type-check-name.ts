/**
 * The name of the CHECK that enforces a column's type. SQLite's message repeats it, so that a value of the wrong type is told from a violated
 * CHECK of the application.
 */
export function typeCheckName(column: string, type: string): string {
  return `sluice:${type}:${column}`;
}

/** Parses a name made by {@link typeCheckName}; `undefined` for the name of any other constraint. */
export function parseTypeCheckName(
  name: string,
): { readonly column: string; readonly type: string } | undefined {
  const [, type, column] = /^sluice:([^:]+):(.+)$/s.exec(name) ?? [];
  return type === undefined || column === undefined ? undefined : { column, type };
}
