import type { Failure } from './thread-protocol.js';

/** Packs an error for its way to the calling thread. */
export function toFailure(error: unknown, phase: Failure['phase']): Failure {
  if (!(error instanceof Error)) return { code: undefined, name: 'Error', message: String(error), phase };
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  return { code, name: error.name, message: error.message, phase };
}

/** Whether SQLite said that somebody else holds a lock, so that the same may succeed later. */
export function isBusy(failure: Failure): boolean {
  return /^SQLITE_(?:BUSY|LOCKED|PROTOCOL)/.test(failure.code ?? '');
}

/** Whether the disk or the memory failed rather than the statement. */
export function isSystemFailure(failure: Failure): boolean {
  return /^SQLITE_(?:FULL|IOERR|NOMEM|CORRUPT|READONLY|CANTOPEN)/.test(failure.code ?? '');
}
