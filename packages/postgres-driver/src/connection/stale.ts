import { ConflictError, SluiceError } from '@sluice/core';
import { isDatabaseError } from '../errors/errors.js';
import type { StatementEffects } from '../sql/statement-effects.js';

/**
 * Whether a prepared statement may have failed because the schema has changed: the statement no longer exists (26000), its result has other
 * columns (0A000), or its parameters have types that the columns no longer have (22, 42). Nothing was executed then. The last two may also come from
 * the middle of a procedure, which may have committed before. In a transaction, which such a failure aborts as a whole, only the codes count that a
 * correct statement gets from a changed schema alone.
 */
export function mayBeStale(
  error: unknown,
  { mayCommit }: StatementEffects,
  isInTransaction: boolean,
): boolean {
  if (!(error instanceof SluiceError) || !isDatabaseError(error.cause)) return false;
  const { code = '' } = error.cause;
  if (isInTransaction) return STALE_IN_TRANSACTION.has(code);
  if (code === NAME_TAKEN) return false;
  return mayCommit ? code === '26000' : STALE.has(code.slice(0, 2));
}

const STALE: ReadonlySet<string> = new Set(['0A', '22', '26', '42']);

const STALE_IN_TRANSACTION: ReadonlySet<string> = new Set(['0A000', '26000', '42804', '42883']);

/** A statement of this name exists in the session: not the schema has changed, but the session. */
const NAME_TAKEN = '42P05';

/** The error for a transaction whose prepared statement is stale. */
export function staleError(cause: unknown, operation: string | undefined): ConflictError {
  const message = 'The schema was changed while the transaction ran; it was rolled back.';
  return new ConflictError('serialization', message, { cause, operation });
}
