/** Quotes a name, for SQLite and PostgreSQL. */
export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** Quotes a string literal, for SQLite and PostgreSQL. */
export function quoteText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** Quotes names, and separates them with commas. */
export function quoteNames(names: readonly string[]): string {
  return names.map(quoteName).join(', ');
}
