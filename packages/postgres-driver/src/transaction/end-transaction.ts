import { type ExecuteOptions, UsageError } from '@sluice/core';
import type { PostgresConnection } from '../connection/connection.js';
import type { SendOptions } from '../connection/send-options.js';

/** How long after the transaction's deadline COMMIT and ROLLBACK may take before the connection is destroyed, in milliseconds. */
const END_GRACE_MS = 5000;

/** The options of COMMIT and ROLLBACK. They are never cancelled. After {@link END_GRACE_MS} the connection is destroyed, and the outcome of a COMMIT is unknown. */
export function endOptions({ deadline, label }: Pick<ExecuteOptions, 'deadline' | 'label'>): SendOptions {
  const options = { label, isScript: true, onInterrupt: 'destroy', keepsSession: true } as const;
  if (deadline === undefined) return options;
  return { ...options, deadline: Math.max(deadline, performance.now()) + END_GRACE_MS };
}

/** Sends COMMIT. @throws what COMMIT fails with, or UsageError `transaction_broken`. */
export async function commitOpen(connection: PostgresConnection, options: SendOptions): Promise<void> {
  const { command } = await connection.run('commit', [], options);
  // In a failed transaction PostgreSQL answers COMMIT with ROLLBACK, without an error.
  if (command !== 'COMMIT') throw brokenError(options.label);
}

/** Rolls the transaction back that is open, if one is. Never rejects: a connection that does not answer is destroyed, and the server rolls back itself. */
export async function rollBackOpen(connection: PostgresConnection, options: SendOptions): Promise<void> {
  if (connection.isLost || connection.status === 'I') return;
  await connection
    .run('rollback', [], { ...options, isScript: true, keepsSession: true })
    .catch(() => connection.destroy());
}

function brokenError(operation: string | undefined): UsageError {
  const message =
    'A statement of this transaction failed, so PostgreSQL rolled it back instead of committing it.';
  return new UsageError('transaction_broken', message, { operation });
}
