import type { ViolationDetails } from './constraint-message.js';

/** An error as it crosses between threads. */
export interface Failure {
  /** SQLite's extended result code, such as `SQLITE_CONSTRAINT_UNIQUE`, or {@link TOO_OLD}; `undefined` when SQLite did not raise it. */
  readonly code: string | undefined;
  /** Class of the error: `SqliteError`, `RangeError`. */
  readonly name: string;
  readonly message: string;
  /** What was being done. */
  readonly phase: 'open' | 'prepare' | 'run' | 'commit';
  /** Whether the failed statement left part of its work behind, which SQLite allows some statements. */
  readonly leftWork?: boolean;
  /** The file was locked for too long while it was opened, and is not in WAL mode. */
  readonly isRollbackJournal?: boolean;
  /** The WAL has the most bytes that this process may write to a file. */
  readonly isAtSizeLimit?: boolean;
  /** What was found out about a violated constraint. */
  readonly details?: ViolationDetails;
}

/** Code of the failure to open with an SQLite that may corrupt the file. */
export const TOO_OLD = 'SQLITE_TOO_OLD';

/** Code of the failure of a schema change that would lose rows it does not delete. */
export const ROWS_VANISHED = 'SQLITE_ROWS_VANISHED';

/** Code of the failure to work on a file that somebody else has open. */
export const IN_USE = 'SQLITE_IN_USE';

/** SQLite's own code for a file that is not where it was opened. */
export const MOVED = 'SQLITE_READONLY_DBMOVED';

/** Code of the failure to restore a damaged backup. */
export const UNSOUND = 'SQLITE_UNSOUND';

/** Code of the failure to give pages back in small steps. */
export const NO_INCREMENTAL_VACUUM = 'SQLITE_NO_INCREMENTAL_VACUUM';

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
