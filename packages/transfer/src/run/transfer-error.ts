import { ConfigurationError, StorageFullError, UnsupportedError } from '@sluice/core/errors';
import { isServerError } from '../postgres/session.js';

/** Maps an error of either engine that ended a transfer to a SluiceError. Other errors stay as they are. */
export function toTransferError(error: unknown): unknown {
  if ((error as { code?: unknown } | undefined)?.code === 'SQLITE_FULL') {
    return new StorageFullError(
      'The disk of the new file is full. Make room and run the same command with --resume.',
      { cause: error },
    );
  }
  if (!isServerError(error)) return error;
  const options = { cause: error };
  const code = error.code ?? '';
  if (code === '53100') {
    return new StorageFullError(
      'The disk of the target is full. Make room and run the same command with --resume.',
      options,
    );
  }
  if (code === '42501') {
    return new ConfigurationError(
      'invalid_configuration',
      `PostgreSQL denies it: ${error.message}.`,
      options,
    );
  }
  return new UnsupportedError(`PostgreSQL refuses it: ${error.message} (${code}).`, options);
}
