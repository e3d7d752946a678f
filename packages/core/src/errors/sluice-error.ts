/** The stable codes of errors. They never change meaning; messages may improve. One heading per code in `docs/reference/errors.md`. */
export const ERROR_CODES = [
  'aborted',
  'authentication_failed',
  'check_violation',
  'closed',
  'commit_unknown',
  'conflict',
  'connection_failed',
  'connection_lost',
  'corrupt',
  'driver_missing',
  'foreign_key_violation',
  'internal',
  'invalid_configuration',
  'invalid_cursor',
  'invalid_key',
  'invalid_query',
  'invalid_value',
  'migration_failed',
  'not_a_database',
  'not_found',
  'not_null_violation',
  'outer_handle',
  'overloaded',
  'path_unusable',
  'runtime_too_old',
  'snapshot_too_old',
  'storage_full',
  'timeout',
  'transaction_broken',
  'transaction_ended',
  'unique_violation',
  'unknown_column',
  'unknown_scheme',
  'unknown_table',
  'unsupported',
] as const;

/** Which error it is. */
export type ErrorCode = (typeof ERROR_CODES)[number];

/** What every Sluice error may be given. */
export interface ErrorOptions {
  /** The engine's own error. Always set when an engine raised it. */
  readonly cause?: unknown;
  /** What was being done, for example `media.insert`. */
  readonly operation?: string | undefined;
}

/**
 * Base of every error that Sluice throws (contract C11).
 *
 * Tell errors apart by class or by {@link SluiceError.code}, never by message. The engine's error is the `cause`.
 * Messages hold no values and no credentials.
 */
export abstract class SluiceError extends Error {
  /** Which error this is; stable across releases. */
  readonly code: ErrorCode;
  /** Whether the same call may succeed if it is made again unchanged. */
  readonly retryable: boolean;
  /** What was being done, for example `media.insert`; `undefined` when it is not known. */
  operation: string | undefined;

  constructor(code: ErrorCode, retryable: boolean, message: string, options: ErrorOptions = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.name = new.target.name;
    this.code = code;
    this.retryable = retryable;
    this.operation = options.operation;
  }
}
