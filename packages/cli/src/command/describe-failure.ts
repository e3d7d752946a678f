import { SluiceError } from '@sluice/core/errors';
import { CommandError } from './command-error.js';

/** Describes an error in one line. Only a bug of the command itself is printed with its stack. */
export function describeFailure(error: unknown): string {
  if (error instanceof SluiceError) return `${error.message} (${error.code})`;
  if (error instanceof CommandError || isSystemError(error)) return error.message;
  return `unexpected: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
}

function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error && 'code' in error;
}
