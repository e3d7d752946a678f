import { SluiceError } from '@sluice/core';
import type { PostgresConnection } from '../connection/connection.js';
import { isDatabaseError, readOnlyError } from '../errors/errors.js';

/** The codes with which a standby refuses a write: a statement, or the BEGIN of a transaction that may write or is serializable. */
const REFUSALS: ReadonlySet<string> = new Set(['25006', '0A000']);

/**
 * The error for the caller of a write that failed with `error`: another one where the server refused it because it is a standby, as after a failover. Nothing was
 * executed, and the connection is closed when it is returned: the next attempt may reach the new primary.
 */
export function refusedWrite(
  error: unknown,
  connection: PostgresConnection,
  operation: string | undefined,
): unknown {
  const cause = error instanceof SluiceError ? error.cause : undefined;
  const isRefusal = isDatabaseError(cause) && REFUSALS.has(cause.code ?? '');
  if (!isRefusal || !connection.role.isStandby) return error;
  connection.retire();
  return readOnlyError(connection.config, true, { cause, operation });
}
