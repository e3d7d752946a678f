import { invalidQuery } from '../errors/invalid-query.js';

/** A query as the application passes it; every part may come untyped. */
export interface RawQuery {
  readonly select?: unknown;
  readonly where?: unknown;
  readonly orderBy?: unknown;
  readonly limit?: unknown;
  readonly offset?: unknown;
}

/** @throws UsageError `invalid_query`. */
export function wholeNumber(name: string, value: unknown): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  throw invalidQuery(`\`${name}\` must be a whole number, 0 or more`);
}

/** Checks that a query, which may come untyped, is an object. @throws UsageError `invalid_query`. */
export function asQuery<T>(query: T): T {
  if (typeof query === 'object' && query !== null && !Array.isArray(query)) return query;
  throw invalidQuery('a query must be an object such as `{ where: { … } }`');
}

/** @throws UsageError `invalid_query` when a query has other parts than its call knows. */
export function refuseUnknownOptions(others: object): void {
  const [name] = Object.keys(others);
  if (name !== undefined) throw invalidQuery(`there is no option "${name}"`);
}
