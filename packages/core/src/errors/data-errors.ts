import { type ErrorCode, type ErrorOptions, SluiceError } from './sluice-error.js';

/** Where a constraint was violated, as far as the engine tells. */
export interface ConstraintDetails {
  readonly table?: string | undefined;
  /** The constrained columns in their declared order; empty when the engine does not tell. */
  readonly columns?: readonly string[];
  /** The constraint's name; `undefined` when it has none or the engine does not tell. */
  readonly constraint?: string | undefined;
}

/** The codes of a {@link ConstraintError}. */
export type ConstraintErrorCode = Extract<
  ErrorCode,
  'check_violation' | 'foreign_key_violation' | 'not_null_violation' | 'unique_violation'
>;

/** A row would break a constraint of the schema; it was not stored. Base of the four violations. */
export abstract class ConstraintError extends SluiceError {
  /** The table whose constraint was violated. */
  readonly table: string | undefined;
  /** The constrained columns in their declared order; empty when the engine does not tell. */
  readonly columns: readonly string[];
  /** The constraint's name; `undefined` when it has none or the engine does not tell. */
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

/** A unique or primary key already holds this value. */
export class UniqueViolationError extends ConstraintError {
  constructor(details: ConstraintDetails, options?: ErrorOptions) {
    super('unique_violation', 'A row with this key exists already', details, options);
  }
}

/** A referenced row does not exist, or a row that others refer to would vanish. */
export class ForeignKeyViolationError extends ConstraintError {
  constructor(details: ConstraintDetails, options?: ErrorOptions) {
    super('foreign_key_violation', 'A foreign key would point nowhere', details, options);
  }
}

/** A column that must have a value was given none. */
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

/** A value the column cannot hold exactly; nothing was stored (contract C1). */
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

/** The codes of a {@link CorruptError}. */
export type CorruptErrorCode = Extract<ErrorCode, 'corrupt' | 'not_a_database'>;

/** The stored data is damaged, or the file is not a database. It was left untouched. */
export class CorruptError extends SluiceError {
  constructor(code: CorruptErrorCode, message: string, options?: ErrorOptions) {
    super(code, false, message, options);
  }
}
