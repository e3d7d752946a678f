import { UsageError } from '../errors/usage-errors.js';

/** The error of a query that was refused before anything was executed. `why` names the offending key, never a value. */
export function invalidQuery(why: string): UsageError {
  return new UsageError('invalid_query', `The query was refused: ${why}.`);
}
