import type { ViolationDetails } from './constraint-message.js';

/** An error as it is sent between threads. */
export interface Failure {
  /** SQLite's extended result code, such as `SQLITE_CONSTRAINT_UNIQUE`, or {@link TOO_OLD}; `undefined` when SQLite did not raise it. */
  readonly code: string | undefined;
  /** Class of the error: `SqliteError`, `RangeError`. */
  readonly name: string;
  readonly message: string;
  /** The step that failed. */
  readonly phase: 'open' | 'prepare' | 'run' | 'commit';
  /** Whether the failed statement may have left part of its changes in the transaction. */
  readonly leftWork?: boolean;
  /** Whether opening timed out on a lock of a file that is not in WAL mode. */
  readonly isRollbackJournal?: boolean;
  /** Whether the WAL has reached the largest file size that this process may write. */
  readonly isAtSizeLimit?: boolean;
  /** Details of a violated constraint. */
  readonly details?: ViolationDetails;
}

/** Failure code: this version of SQLite may corrupt the file. */
export const TOO_OLD = 'SQLITE_TOO_OLD';

/** Failure code: a statement made a temporary table, view, trigger or index. */
export const TEMPORARY = 'SQLITE_TEMPORARY';

/** Failure code: a schema change would lose rows that it does not delete. */
export const ROWS_VANISHED = 'SQLITE_ROWS_VANISHED';

/** Failure code: the statement was made for another version of the schema. It was not executed. */
export const STALE = 'SQLITE_STALE_CATALOG';

/** Failure code: a write would return a value that its column's type does not have. Its work is undone. */
export const UNREADABLE = 'SQLITE_UNREADABLE';

/** Failure code: another process or connection has the file open. */
export const IN_USE = 'SQLITE_IN_USE';

/** SQLite's code for a file that was moved or deleted while it was open; here also for one that was replaced or cut, and for its WAL. */
export const CHANGED = 'SQLITE_READONLY_DBMOVED';

/** Failure code: the writer's thread does not return from SQLite. */
export const STUCK = 'SQLITE_STUCK';

/** The failure of what was not executed, or whose COMMIT went to files that may be gone, because somebody changed the files. */
export function changedFailure(phase: 'run' | 'commit'): Failure {
  return { code: CHANGED, name: 'SqliteError', message: CHANGED_MESSAGE, phase };
}

export const CHANGED_MESSAGE = 'The file, its WAL or its index is not the one that was opened.';

/** Failure code: the backup to restore is damaged. */
export const UNSOUND = 'SQLITE_UNSOUND';

/** Failure code: the file cannot return free pages in small steps. */
export const NO_INCREMENTAL_VACUUM = 'SQLITE_NO_INCREMENTAL_VACUUM';

/** SQLite's code for work in a transaction that was rolled back. */
export const ROLLED_BACK = 'SQLITE_ABORT_ROLLBACK';

/** The failure of a call in a transaction that one of its statements has rolled back, by RAISE(ROLLBACK) or OR ROLLBACK. */
export const ROLLED_BACK_BEFORE: Failure = {
  code: ROLLED_BACK,
  name: 'SqliteError',
  message: 'an earlier statement rolled the transaction back',
  phase: 'run',
};

/** Converts an error so that it can be sent to the calling thread. */
export function toFailure(error: unknown, phase: Failure['phase']): Failure {
  if (!(error instanceof Error)) return { code: undefined, name: 'Error', message: String(error), phase };
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  const failure = { code, name: error.name, message: error.message, phase };
  return 'details' in error ? { ...failure, details: error.details as ViolationDetails } : failure;
}

/** Whether another connection holds a lock, so that a retry may succeed. */
export function isBusy(failure: Failure): boolean {
  return /^SQLITE_(?:BUSY|LOCKED|PROTOCOL)/.test(failure.code ?? '');
}

/** Whether the cause is the disk or the memory rather than the statement. */
export function isSystemFailure(failure: Failure): boolean {
  return /^SQLITE_(?:FULL|IOERR|NOMEM|CORRUPT|READONLY|CANTOPEN)/.test(failure.code ?? '');
}
