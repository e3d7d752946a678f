/** A name in double quotes, for SQLite and PostgreSQL alike. */
export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** A string literal of standard SQL. */
export function quoteText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** Names in quotes, with commas between them. */
export function quoteNames(names: readonly string[]): string {
  return names.map(quoteName).join(', ');
}
