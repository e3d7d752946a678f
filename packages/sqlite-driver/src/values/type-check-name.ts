/** The name of the CHECK that guards a column's type; it comes back in SQLite's message and tells a wrong value from a broken rule. */
export function typeCheckName(column: string, type: string): string {
  return `sluice:${type}:${column}`;
}

/** Reads a name made by {@link typeCheckName}; `undefined` when it is another constraint's. */
export function parseTypeCheckName(
  name: string,
): { readonly column: string; readonly type: string } | undefined {
  const [, type, column] = /^sluice:([^:]+):(.+)$/s.exec(name) ?? [];
  return type === undefined || column === undefined ? undefined : { column, type };
}
