import { AbortedError, CommitUnknownError, SluiceError } from '@sluice/core';
import type { LastOutcome } from '../connection/connection.js';
import { commitUnknownError, partlyCommittedError } from '../errors/errors.js';

/** The error for the caller of a write that failed: where it may have taken effect, not one that says that nothing did, or that it may be repeated. */
export function writeError(error: unknown, outcome: LastOutcome, operation: string | undefined): unknown {
  if (error instanceof CommitUnknownError) return error;
  if (outcome === 'unknown') return commitUnknownError(error, operation);
  const seemsUndone = error instanceof AbortedError || (error instanceof SluiceError && error.retryable);
  return outcome === 'in part' && seemsUndone ? partlyCommittedError(error, operation) : error;
}
