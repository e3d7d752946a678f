/** The codes of all errors. A code never changes its meaning; messages may improve. `docs/reference/errors.md` has one heading per code. */
export const ERROR_CODES = [
  'aborted',
  'authentication_failed',
  'check_violation',
  'closed',
  'commit_unknown',
  'conflict',
  'connection_failed',
  'connection_lost',
  'connection_stuck',
  'corrupt',
  'driver_missing',
  'file_changed',
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
  'read_only',
  'result_unreadable',
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
  'untyped_expression',
] as const;

/** The code of an error. */
export type ErrorCode = (typeof ERROR_CODES)[number];

/** The options of every Sluice error. */
export interface ErrorOptions {
  /** The engine's own error. Always set when the engine raised one. */
  readonly cause?: unknown;
  /** The operation that failed, for example `media.insert`. */
  readonly operation?: string | undefined;
}

/**
 * Base class of every error that Sluice throws (contract C11).
 *
 * Distinguish errors by their class or by {@link SluiceError.code}, never by their message. The engine's error is the `cause`.
 * Messages contain no values of rows and no credentials.
 */
export abstract class SluiceError extends Error {
  /** Identifies the kind of error; stable across releases. */
  readonly code: ErrorCode;
  /** Whether the same call may succeed when it is repeated unchanged. */
  readonly retryable: boolean;
  /** The operation that failed, for example `media.insert`; `undefined` when it is not known. */
  operation: string | undefined;

  constructor(code: ErrorCode, retryable: boolean, message: string, options: ErrorOptions = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.name = new.target.name;
    this.code = code;
    this.retryable = retryable;
    this.operation = options.operation;
  }
}
