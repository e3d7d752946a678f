import { type ErrorCode, type ErrorOptions, SluiceError } from './sluice-error.js';

/** The codes of a {@link UsageError}. */
export type UsageErrorCode = Extract<
  ErrorCode,
  | 'invalid_cursor'
  | 'invalid_key'
  | 'invalid_query'
  | 'outer_handle'
  | 'transaction_broken'
  | 'transaction_ended'
  | 'unknown_column'
  | 'unknown_table'
  | 'untyped_expression'
>;

/** The call itself is wrong. Nothing was executed, and repeating the call does not help. */
export class UsageError extends SluiceError {
  constructor(code: UsageErrorCode, message: string, options?: ErrorOptions) {
    super(code, false, message, options);
  }
}

/** The codes of a {@link ConfigurationError}. */
export type ConfigurationErrorCode = Extract<
  ErrorCode,
  'driver_missing' | 'invalid_configuration' | 'path_unusable' | 'runtime_too_old' | 'unknown_scheme'
>;

/** The storage cannot be opened as configured. The message says what to change. */
export class ConfigurationError extends SluiceError {
  constructor(code: ConfigurationErrorCode, message: string, options?: ErrorOptions) {
    super(code, false, message, options);
  }
}

/** The driver, or its engine, cannot do what was asked for; nothing else was done instead. */
export class UnsupportedError extends SluiceError {
  constructor(message: string, options?: ErrorOptions) {
    super('unsupported', false, message, options);
  }
}

/** `getOrThrow` found no row with this key. */
export class NotFoundError extends SluiceError {
  constructor(message: string, options?: ErrorOptions) {
    super('not_found', false, message, options);
  }
}

/** A migration failed; the `cause` says why. The schema is as it was before that migration, unless `isUndone` is false. */
export class MigrationError extends SluiceError {
  /** The name of the migration that failed; `undefined` when none was running. */
  readonly migration: string | undefined;
  /** The path of the backup that was written before the migration; `undefined` when there was none. */
  readonly backup: string | undefined;
  /** False when the migration ran without a transaction: what it did before it failed is still there. It is recorded as it was before. */
  readonly isUndone: boolean;

  constructor(
    message: string,
    options?: ErrorOptions & {
      readonly migration?: string | undefined;
      readonly backup?: string | undefined;
      /** Default true. */
      readonly isUndone?: boolean | undefined;
    },
  ) {
    super('migration_failed', false, message, options);
    this.migration = options?.migration;
    this.backup = options?.backup;
    this.isUndone = options?.isUndone ?? true;
  }
}
