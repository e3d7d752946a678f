import { UsageError } from '../errors/usage-errors.js';

/** Statements that end a transaction in SQL as PostgreSQL has it; ROLLBACK TO a savepoint does not. A procedure may still do it. */
const ENDS_TRANSACTION =
  /^\s*(?:abort|commit|end|prepare\s+transaction|rollback(?!\s+(?:work\s+|transaction\s+)?to\b))\b/i;

/** Refuses a statement that would end its transaction, before anything is lost. @throws UsageError `transaction_ended`. */
export function assertGoesOn(sql: string, operation: string | undefined): void {
  if (ENDS_TRANSACTION.test(sql)) throw transactionEndedError('would end', operation);
}

/** For a statement that did, or would, end its transaction. */
export function transactionEndedError(
  what: 'ended' | 'would end',
  operation: string | undefined,
): UsageError {
  const message = `The statement ${what} the transaction by itself. Let \`write\` commit, and throw to roll back.`;
  return new UsageError('transaction_ended', message, { operation });
}
