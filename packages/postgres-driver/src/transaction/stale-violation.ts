import { type BeginOptions, ConflictError, type IsolationLevel, UniqueViolationError } from '@sluice/core';

/**
 * PostgreSQL's unique indexes look past a serializable transaction's snapshot: a violation may come from a row that the transaction cannot
 * see, and then no serial order explains what it saw before and the violation together
 * (https://www.postgresql.org/docs/current/transaction-iso.html#XACT-SERIALIZABLE). The error does not tell which it is, so the first one of
 * a constraint becomes a conflict: in the replay's snapshot the row is seen, and what comes again is the truth.
 *
 * @returns what to throw: a ConflictError with the violation as `cause`, or `error` itself.
 */
export function conflictIfStale(
  error: unknown,
  { access, isSchemaChange, isolation, knownViolations, label }: BeginOptions,
  standard: IsolationLevel,
): unknown {
  if (!(error instanceof UniqueViolationError) || knownViolations === undefined) return error;
  const isSerializable = access === 'write' && !isSchemaChange && (isolation ?? standard) === 'serializable';
  if (!isSerializable || knownViolations.some((known) => isSameConstraint(known, error))) return error;
  const message = 'Another transaction may have stored a row with this key at the same time.';
  return new ConflictError('serialization', message, { cause: error, operation: label });
}

function isSameConstraint(a: UniqueViolationError, b: UniqueViolationError): boolean {
  return a.table === b.table && a.constraint === b.constraint;
}
