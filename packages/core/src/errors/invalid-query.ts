import { UsageError } from './usage-errors.js';

/** The error of a query that was refused before anything was executed. `why` names the offending key, never a value. */
export function invalidQuery(why: string): UsageError {
  return new UsageError('invalid_query', `The query was refused: ${why}.`);
}

/** @throws UsageError `invalid_query` unless rows can be taken `size` at a time. */
export function assertBatchSize(name: string, size: number): void {
  if (!Number.isSafeInteger(size) || size < 1)
    throw invalidQuery(`\`${name}\` must be a whole number, 1 or more`);
}
