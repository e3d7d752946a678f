import {
  CheckViolationError,
  ConflictError,
  CorruptError,
  type ErrorOptions,
  ForeignKeyViolationError,
  InternalError,
  NotNullViolationError,
  OverloadedError,
  type SluiceError,
  UniqueViolationError,
  UnsupportedError,
  UsageError,
  type UsageErrorCode,
  ValueError,
} from '@sluice/core';
import type { Refusal } from './pglite-thread.js';

/** Turns PostgreSQL's error into the contract's, by its SQLSTATE. `columns` are those of the violated constraint. */
export function toSluiceError(refusal: Refusal, columns: readonly string[] = []): SluiceError {
  const make = BY_SQLSTATE[refusal.code] ?? BY_CLASS[refusal.code.slice(0, 2)] ?? usage('invalid_query');
  return make(
    { cause: Object.assign(new Error(refusal.message), refusal) },
    refusal,
    refusal.column === undefined ? columns : [refusal.column],
  );
}

type Make = (options: ErrorOptions, refusal: Refusal, columns: readonly string[]) => SluiceError;
type Violation = new (
  details: { table: string | undefined; columns: readonly string[]; constraint: string | undefined },
  options: ErrorOptions,
) => SluiceError;

const violation =
  (Violated: Violation): Make =>
  (options, { table, constraint }, columns) =>
    new Violated({ table, columns, constraint }, options);

/** Of class 42 alone, the message names tables, columns and types, and never a value. */
const usage =
  (code: UsageErrorCode): Make =>
  (options, refusal) =>
    new UsageError(
      code,
      refusal.code.startsWith('42')
        ? `PGlite: ${refusal.message}.`
        : `PGlite refused the statement (SQLSTATE ${refusal.code}).`,
      options,
    );

const value: Make = (options, { table, column }) =>
  new ValueError('A value does not fit its place; nothing was stored.', { ...options, table, column });
const conflict: Make = (options) =>
  new ConflictError('serialization', 'PGlite rolled the transaction back; it may be made again.', options);
const unsupported: Make = (options) => new UnsupportedError('PGlite does not support this.', options);
const failed: Make = (options) => new InternalError('PGlite itself failed.', options);

const BY_SQLSTATE: Readonly<Record<string, Make | undefined>> = {
  '22012': usage('invalid_query'),
  '23502': violation(NotNullViolationError),
  '23503': violation(ForeignKeyViolationError),
  '23505': violation(UniqueViolationError),
  '25P02': usage('transaction_broken'),
  '42703': usage('unknown_column'),
  '42P01': usage('unknown_table'),
  XX001: (options) => new CorruptError('corrupt', 'PGlite found damaged data.', options),
};

/** https://www.postgresql.org/docs/current/errcodes-appendix.html */
const BY_CLASS: Readonly<Record<string, Make | undefined>> = {
  '0A': unsupported,
  '22': value,
  '23': violation(CheckViolationError),
  '40': conflict,
  '53': (options) => new OverloadedError('PGlite has no memory left for this.', options),
  '54': unsupported,
  XX: failed,
};
