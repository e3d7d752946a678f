import { type BeginOptions, ConflictError, type IsolationLevel, UniqueViolationError } from '@sluice/core';

/**
 * Converts a possibly stale unique violation to a conflict, so that the transaction is replayed.
 *
 * PostgreSQL checks unique indexes against all committed rows, also those that a serializable transaction's snapshot does not include. When such a row
 * violates the constraint, no serial order explains both the violation and what the transaction has read
 * (https://www.postgresql.org/docs/current/transaction-iso.html#XACT-SERIALIZABLE). The error does not tell whether the snapshot includes the row. So
 * the first violation of a constraint becomes a conflict. The replay's snapshot includes the row: if the violation occurs again, it is the
 * application's.
 *
 * @returns the error to throw: a ConflictError with the violation as `cause`, or `error` itself.
 */
export function conflictIfStale(
  error: unknown,
  { access, isSchemaChange, isolation, knownViolations, label }: BeginOptions,
  defaultLevel: IsolationLevel,
): unknown {
  if (!(error instanceof UniqueViolationError) || knownViolations === undefined) return error;
  const isSerializable =
    access === 'write' && !isSchemaChange && (isolation ?? defaultLevel) === 'serializable';
  if (!isSerializable || knownViolations.some((known) => isSameConstraint(known, error))) return error;
  const message = 'Another transaction may have stored a row with this key at the same time.';
  return new ConflictError('serialization', message, { cause: error, operation: label });
}

function isSameConstraint(a: UniqueViolationError, b: UniqueViolationError): boolean {
  return a.table === b.table && a.constraint === b.constraint;
}
