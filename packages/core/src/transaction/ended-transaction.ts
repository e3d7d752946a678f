import { UsageError } from '../errors/usage-errors.js';

/** The statements that end a transaction in PostgreSQL's SQL. ROLLBACK TO a savepoint is none of them. A procedure can end one too, unseen by this test. */
const ENDS_TRANSACTION =
  /^\s*(?:abort|commit|end|prepare\s+transaction|rollback(?!\s+(?:work\s+|transaction\s+)?to\b))\b/i;

/** Refuses a statement that would end its transaction, before it runs. @throws UsageError `transaction_ended`. */
export function assertKeepsTransaction(sql: string, operation: string | undefined): void {
  if (ENDS_TRANSACTION.test(sql)) throw transactionEndedError('would end', operation);
}

/** The error for a statement that ended its transaction, or would end it. */
export function transactionEndedError(
  what: 'ended' | 'would end',
  operation: string | undefined,
): UsageError {
  const message = `The statement ${what} the transaction by itself. Let \`write\` commit, and throw to roll back.`;
  return new UsageError('transaction_ended', message, { operation });
}
