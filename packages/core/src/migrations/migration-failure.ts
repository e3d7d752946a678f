import { CommitUnknownError } from '../errors/flow-errors.js';
import { MigrationError } from '../errors/usage-errors.js';

/** Whether a migration is applied or undone. */
export type Direction = 'up' | 'down';

/** The error of a migration that failed and was rolled back. @param name `undefined` when none was running. */
export function failure(cause: unknown, name: string | undefined): MigrationError {
  const message =
    name === undefined
      ? `The migrations cannot be run: ${why(cause)}`
      : `The migration "${name}" failed and was undone: ${why(cause)}`;
  return new MigrationError(message, { cause, migration: name });
}

/** The error of a migration that failed outside a transaction, so that a part of its work may have been done. It says how to go on. */
export function failedOutside(
  cause: unknown,
  name: string | undefined,
  direction: Direction,
): MigrationError {
  if (name === undefined) return failure(cause, name);
  const recorded = direction === 'up' ? 'not recorded as applied' : 'still recorded as applied';
  const record =
    cause instanceof CommitUnknownError
      ? '`migrator.status()` tells whether it is recorded as applied.'
      : `It is ${recorded}.`;
  const message =
    `The migration "${name}" failed. It runs without a transaction, so what it did before stays. ${record} ` +
    `Remove what it left, for example an invalid index, and run it again. The failure: ${why(cause)}`;
  return new MigrationError(message, { cause, migration: name, isUndone: false });
}

/** Adds to a failed migration where the database is as it was before the call. */
export function tellBackup(error: unknown, backup: string | undefined): unknown {
  if (!(error instanceof MigrationError) || backup === undefined) return error;
  const { cause, migration, isUndone } = error;
  const message = `${error.message} A copy of the database from before is in "${backup}".`;
  return new MigrationError(message, { cause, migration, backup, isUndone });
}

function why(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
