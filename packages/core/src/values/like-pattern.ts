import { invalidQuery } from '../errors/invalid-query.js';

/** Refuses a pattern of LIKE in which the last backslash escapes nothing: PostgreSQL refuses it, and SQLite finds nothing. @throws UsageError `invalid_query`. */
export function assertPattern(pattern: string): void {
  const [escapes = ''] = /\\*$/.exec(pattern) ?? [];
  if (escapes.length % 2 === 1)
    throw invalidQuery(
      'the pattern of LIKE ends with a backslash that escapes nothing; write two for the character',
    );
}
