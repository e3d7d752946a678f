/** What is known of a violated constraint. */
export interface ViolationDetails {
  readonly table?: string | undefined;
  readonly columns?: readonly string[];
  readonly constraint?: string | undefined;
}

/**
 * Parses the part of SQLite's message that names what was violated: `UNIQUE constraint failed: media.slug, media.kind`,
 * `…: index 'name'`, `CHECK constraint failed: name`. SQLite reports it nowhere else.
 */
export function parseViolation(code: string | undefined, message: string): ViolationDetails {
  const colon = message.indexOf(': ');
  if (colon === -1) return {};
  const text = message.slice(colon + 2);
  if (code === 'SQLITE_CONSTRAINT_CHECK') return { constraint: text };
  const index = /^index '(.+)'$/.exec(text)?.[1];
  if (index !== undefined) return { constraint: index };
  const places = text.split(', ').map((place) => place.split('.'));
  return { table: places[0]?.[0], columns: places.map((place) => place.slice(1).join('.')) };
}
