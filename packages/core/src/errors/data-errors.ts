import { type ErrorCode, type ErrorOptions, SluiceError } from './sluice-error.js';

/** The violated constraint, as far as the engine reports it. */
export interface ConstraintDetails {
  readonly table?: string | undefined;
  /** The constrained columns in their declared order; empty when the engine does not report them. */
  readonly columns?: readonly string[];
  /** The constraint's name; `undefined` when it has none or the engine does not report it. */
  readonly constraint?: string | undefined;
}

/** The codes of a {@link ConstraintError}. */
export type ConstraintErrorCode = Extract<
  ErrorCode,
  'check_violation' | 'foreign_key_violation' | 'not_null_violation' | 'unique_violation'
>;

/** A row would violate a constraint of the schema; it was not stored. Base class of the four violations. */
export abstract class ConstraintError extends SluiceError {
  /** The table whose constraint was violated; `undefined` when the engine does not report it. */
  readonly table: string | undefined;
  /** The constrained columns in their declared order; empty when the engine does not report them. */
  readonly columns: readonly string[];
  /** The constraint's name; `undefined` when it has none or the engine does not report it. */
  readonly constraint: string | undefined;

  constructor(code: ConstraintErrorCode, what: string, details: ConstraintDetails, options?: ErrorOptions) {
    super(code, false, `${what}${describe(details)}.`, options);
    this.table = details.table;
    this.columns = details.columns ?? [];
    this.constraint = details.constraint;
  }
}

function describe({ table, columns = [], constraint }: ConstraintDetails): string {
  const place =
    table === undefined ? '' : ` in "${table}"${columns.length > 0 ? ` (${columns.join(', ')})` : ''}`;
  return constraint === undefined ? place : `${place}, constraint "${constraint}"`;
}

/** Another row has the same values in a unique or primary key. */
export class UniqueViolationError extends ConstraintError {
  constructor(details: ConstraintDetails, options?: ErrorOptions) {
    super('unique_violation', 'A row with this key exists already', details, options);
  }
}

/** The row refers to a row that does not exist, or other rows refer to a row that would be deleted. */
export class ForeignKeyViolationError extends ConstraintError {
  constructor(details: ConstraintDetails, options?: ErrorOptions) {
    super('foreign_key_violation', 'A foreign key would point nowhere', details, options);
  }
}

/** A column that must not be null was given no value. */
export class NotNullViolationError extends ConstraintError {
  constructor(details: ConstraintDetails, options?: ErrorOptions) {
    super('not_null_violation', 'A column that must not be null has no value', details, options);
  }
}

/** A CHECK constraint refused the row. */
export class CheckViolationError extends ConstraintError {
  constructor(details: ConstraintDetails, options?: ErrorOptions) {
    super('check_violation', 'A check constraint refused the row', details, options);
  }
}

/** The column cannot store the value exactly, or holds one that the contract does not have; nothing was stored (contract C1). */
export class ValueError extends SluiceError {
  readonly table: string | undefined;
  readonly column: string | undefined;

  constructor(
    message: string,
    options?: ErrorOptions & { readonly table?: string | undefined; readonly column?: string | undefined },
  ) {
    super('invalid_value', false, message, options);
    this.table = options?.table;
    this.column = options?.column;
  }
}

/**
 * The write is committed, but a row that it returned holds a value that the contract does not have. Do not repeat the call. The `cause` is the error that a
 * read of the row gives.
 */
export class UnreadableResultError extends SluiceError {
  constructor(message: string, options?: ErrorOptions) {
    super('result_unreadable', false, message, options);
  }
}

/** The codes of a {@link CorruptError}. */
export type CorruptErrorCode = Extract<ErrorCode, 'corrupt' | 'not_a_database'>;

/** The stored data is damaged, or the file is not a database. The file was not changed. */
export class CorruptError extends SluiceError {
  constructor(code: CorruptErrorCode, message: string, options?: ErrorOptions) {
    super(code, false, message, options);
  }
}
