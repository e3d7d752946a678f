// The entry point `@sluice/core/errors`: the error classes, without the storage and without Kysely.
export {
  CheckViolationError,
  type ConstraintDetails,
  ConstraintError,
  type ConstraintErrorCode,
  CorruptError,
  type CorruptErrorCode,
  ForeignKeyViolationError,
  NotNullViolationError,
  UniqueViolationError,
  UnreadableResultError,
  ValueError,
} from './data-errors.js';
export {
  AbortedError,
  ClosedError,
  CommitUnknownError,
  ConflictError,
  type ConflictReason,
  ConnectionError,
  type ConnectionErrorCode,
  InternalError,
  OverloadedError,
  SnapshotTooOldError,
  StaleCatalogError,
  StorageFullError,
  TimeoutError,
} from './flow-errors.js';
export { ERROR_CODES, type ErrorCode, type ErrorOptions, SluiceError } from './sluice-error.js';
export {
  ConfigurationError,
  type ConfigurationErrorCode,
  MigrationError,
  NotFoundError,
  UnsupportedError,
  UsageError,
  type UsageErrorCode,
} from './usage-errors.js';
