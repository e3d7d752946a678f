import { type ErrorCode, type ErrorOptions, SluiceError } from './sluice-error.js';

/** Why a {@link ConflictError} arose. */
export type ConflictReason =
  | 'busy'
  | 'busy_snapshot'
  | 'deadlock'
  | 'lock_timeout'
  | 'serialization'
  /** It shared a COMMIT with a transaction that failed. */
  | 'shared_commit'
  /** It kept others from being committed while it made no call. */
  | 'yielded';

/**
 * Another transaction got in the way and this one was rolled back whole. `storage.write` replays it by itself until
 * its deadline; whoever drives a transaction by hand makes it again from its beginning.
 */
export class ConflictError extends SluiceError {
  readonly reason: ConflictReason;

  constructor(reason: ConflictReason, message: string, options?: ErrorOptions) {
    super('conflict', true, message, options);
    this.reason = reason;
  }
}

/** The call's deadline passed. It did not happen, unless the message says otherwise. */
export class TimeoutError extends SluiceError {
  constructor(message: string, options?: ErrorOptions) {
    super('timeout', true, message, options);
  }
}

/** The call's signal was aborted. It did not happen. The signal's reason is the `cause`. */
export class AbortedError extends SluiceError {
  constructor(message: string, options?: ErrorOptions) {
    super('aborted', false, message, options);
  }
}

/** The storage is closed, or closing and accepts no more work. */
export class ClosedError extends SluiceError {
  constructor(message: string, options?: ErrorOptions) {
    super('closed', false, message, options);
  }
}

/** A queue is full. The call was refused at once; try again later (contract C10). */
export class OverloadedError extends SluiceError {
  constructor(message: string, options?: ErrorOptions) {
    super('overloaded', true, message, options);
  }
}

/** The codes of a {@link ConnectionError}. */
export type ConnectionErrorCode = Extract<
  ErrorCode,
  'authentication_failed' | 'connection_failed' | 'connection_lost'
>;

/** The database cannot be reached. `authentication_failed` is the one that trying again will not mend. */
export class ConnectionError extends SluiceError {
  constructor(code: ConnectionErrorCode, message: string, options?: ErrorOptions) {
    super(code, code !== 'authentication_failed', message, options);
  }
}

/** The connection was lost while COMMIT was under way: the transaction may or may not have happened. */
export class CommitUnknownError extends SluiceError {
  constructor(message: string, options?: ErrorOptions) {
    super('commit_unknown', false, message, options);
  }
}

/** No room is left to store the row; it was not stored. */
export class StorageFullError extends SluiceError {
  constructor(message: string, options?: ErrorOptions) {
    super('storage_full', true, message, options);
  }
}

/** A stream or read transaction was open for so long that keeping its snapshot cost more than was allowed; it was ended. */
export class SnapshotTooOldError extends SluiceError {
  constructor(message: string, options?: ErrorOptions) {
    super('snapshot_too_old', true, message, options);
  }
}

/** Sluice itself is wrong. Please report it, with the `cause`. */
export class InternalError extends SluiceError {
  constructor(message: string, options?: ErrorOptions) {
    super('internal', false, message, options);
  }
}
