import {
  AbortedError,
  CheckViolationError,
  ClosedError,
  ConfigurationError,
  ConflictError,
  ForeignKeyViolationError,
  MigrationError,
  NotFoundError,
  NotNullViolationError,
  OverloadedError,
  SluiceError,
  TimeoutError,
  UniqueViolationError,
  UnsupportedError,
  UsageError,
  ValueError,
} from '@sluice/core';
import { expect } from 'vitest';

/** The class of each code that the suite provokes. */
interface Refusals {
  aborted: AbortedError;
  check_violation: CheckViolationError;
  closed: ClosedError;
  conflict: ConflictError;
  foreign_key_violation: ForeignKeyViolationError;
  invalid_configuration: ConfigurationError;
  invalid_cursor: UsageError;
  invalid_key: UsageError;
  invalid_query: UsageError;
  invalid_value: ValueError;
  migration_failed: MigrationError;
  not_found: NotFoundError;
  not_null_violation: NotNullViolationError;
  outer_handle: UsageError;
  overloaded: OverloadedError;
  timeout: TimeoutError;
  transaction_broken: UsageError;
  transaction_ended: UsageError;
  unique_violation: UniqueViolationError;
  unknown_column: UsageError;
  unknown_table: UsageError;
  unsupported: UnsupportedError;
}

type ErrorClass<E> = new (...args: never) => E;

/** The same for `instanceof`, and whether the same call may succeed later. */
const REFUSALS: { readonly [C in keyof Refusals]: readonly [ErrorClass<Refusals[C]>, boolean] } = {
  aborted: [AbortedError, false],
  check_violation: [CheckViolationError, false],
  closed: [ClosedError, false],
  conflict: [ConflictError, true],
  foreign_key_violation: [ForeignKeyViolationError, false],
  invalid_configuration: [ConfigurationError, false],
  invalid_cursor: [UsageError, false],
  invalid_key: [UsageError, false],
  invalid_query: [UsageError, false],
  invalid_value: [ValueError, false],
  migration_failed: [MigrationError, false],
  not_found: [NotFoundError, false],
  not_null_violation: [NotNullViolationError, false],
  outer_handle: [UsageError, false],
  overloaded: [OverloadedError, true],
  timeout: [TimeoutError, true],
  transaction_broken: [UsageError, false],
  transaction_ended: [UsageError, false],
  unique_violation: [UniqueViolationError, false],
  unknown_column: [UsageError, false],
  unknown_table: [UsageError, false],
  unsupported: [UnsupportedError, false],
};

/** A code of an error the suite provokes. */
export type RefusalCode = keyof Refusals;

/** Fails unless `work` rejects with the error of `code`: its class, its code, its `retryable`. Returns the error. */
export async function expectRefusal<C extends RefusalCode>(
  work: Promise<unknown>,
  code: C,
): Promise<Refusals[C]> {
  const error = await rejectionOf(work);
  const [type, retryable] = REFUSALS[code];
  expect(error).toBeInstanceOf(SluiceError);
  expect(error).toMatchObject({ code, retryable });
  expect(error).toBeInstanceOf(type);
  return error as Refusals[C];
}

/** What `work` rejects with; fails when it does not. */
export async function rejectionOf(work: Promise<unknown>): Promise<unknown> {
  const outcome = await work.then(
    () => ({ rejected: false, error: undefined }),
    (error: unknown) => ({ rejected: true, error }),
  );
  expect(outcome.rejected, 'the call was refused').toBe(true);
  return outcome.error;
}
