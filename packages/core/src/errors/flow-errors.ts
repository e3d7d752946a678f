import { type ErrorCode, type ErrorOptions, SluiceError } from './sluice-error.js';

/** Why a {@link ConflictError} arose. */
export type ConflictReason =
  | 'busy'
  | 'busy_snapshot'
  | 'deadlock'
  | 'lock_timeout'
  /** The tables are not those any more that the statement was made for. */
  | 'schema_changed'
  | 'serialization'
  /** The transaction shared a COMMIT with another one that failed. */
  | 'shared_commit'
  /** The transaction made no call while other transactions waited for a COMMIT that they share with it. */
  | 'yielded';

/**
 * The transaction conflicted with another one and was rolled back as a whole. `storage.write` replays it until its deadline. Code that begins
 * transactions itself, through Kysely, must repeat it from its beginning.
 */
export class ConflictError extends SluiceError {
  readonly reason: ConflictReason;

  constructor(reason: ConflictReason, message: string, options?: ErrorOptions) {
    super('conflict', true, message, options);
    this.reason = reason;
  }
}

/**
 * The statement was made for tables that another process has changed since; it was not executed. Core makes it again for the tables as they are now, so that an
 * application meets this error only while the schema changes without end. Replaying a transaction does not help, and making the statement again does.
 */
export class StaleCatalogError extends ConflictError {
  constructor(options?: ErrorOptions) {
    super('schema_changed', 'The schema was changed while the call was made; nothing was executed.', options);
  }
}

/** The call's deadline passed. The call had no effect, unless the message says otherwise. */
export class TimeoutError extends SluiceError {
  constructor(message: string, options?: ErrorOptions) {
    super('timeout', true, message, options);
  }
}

/** The call's signal was aborted. The call had no effect. The signal's reason is the `cause`. */
export class AbortedError extends SluiceError {
  constructor(message: string, options?: ErrorOptions) {
    super('aborted', false, message, options);
  }
}

/** The storage is closed, or is closing and accepts no new calls. */
export class ClosedError extends SluiceError {
  constructor(message: string, options?: ErrorOptions) {
    super('closed', false, message, options);
  }
}

/** A queue is full. The call was refused at once and had no effect; try again later (contract C10). */
export class OverloadedError extends SluiceError {
  constructor(message: string, options?: ErrorOptions) {
    super('overloaded', true, message, options);
  }
}

/** The codes of a {@link ConnectionError}. */
export type ConnectionErrorCode = Extract<
  ErrorCode,
  | 'authentication_failed'
  | 'connection_failed'
  | 'connection_lost'
  | 'connection_stuck'
  | 'file_changed'
  | 'read_only'
>;

/** The database cannot be reached. Retryable, except for `authentication_failed` and `file_changed`. */
export class ConnectionError extends SluiceError {
  constructor(code: ConnectionErrorCode, message: string, options?: ErrorOptions) {
    super(code, code !== 'authentication_failed' && code !== 'file_changed', message, options);
  }
}

/** The connection was lost during COMMIT, or during a write of one statement: it may or may not be committed. */
export class CommitUnknownError extends SluiceError {
  constructor(message: string, options?: ErrorOptions) {
    super('commit_unknown', false, message, options);
  }
}

/** The disk is full, or the database has reached its size limit; nothing was stored. */
export class StorageFullError extends SluiceError {
  constructor(message: string, options?: ErrorOptions) {
    super('storage_full', true, message, options);
  }
}

/** A stream or read transaction was ended because it was open so long that its snapshot cost more than the configured limit. */
export class SnapshotTooOldError extends SluiceError {
  constructor(message: string, options?: ErrorOptions) {
    super('snapshot_too_old', true, message, options);
  }
}

/** A bug in Sluice. Please report it, with the `cause`. */
export class InternalError extends SluiceError {
  constructor(message: string, options?: ErrorOptions) {
    super('internal', false, message, options);
  }
}
