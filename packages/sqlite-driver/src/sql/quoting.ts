/** A name as SQL takes it, in double quotes. */
export function quote(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** Text as a literal of SQL, in single quotes. */
export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
