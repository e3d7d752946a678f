import { UsageError } from './usage-errors.js';

/** The error for a query that was refused before anything was executed. @param why names the wrong key or option, never a value. */
export function invalidQuery(why: string): UsageError {
  return new UsageError('invalid_query', `The query was refused: ${why}.`);
}

/** The error for a table that the database does not have. @param name the application's. @param stored the database's. */
export function unknownTable(name: string, stored: string): UsageError {
  const inDatabase = stored === name ? '' : `, "${stored}" in the database`;
  return new UsageError(
    'unknown_table',
    `There is no table "${name}"${inDatabase}. Create it in a migration and run the migrations first.`,
  );
}

/** Checks the number of rows that are read or written at a time. @throws UsageError `invalid_query` unless `size` is a whole number, 1 or more. */
export function assertBatchSize(name: string, size: number): void {
  if (!Number.isSafeInteger(size) || size < 1)
    throw invalidQuery(`\`${name}\` must be a whole number, 1 or more`);
}
