import {
  CheckViolationError,
  CommitUnknownError,
  ConfigurationError,
  ConflictError,
  type ConflictReason,
  ConnectionError,
  type ConstraintDetails,
  CorruptError,
  type ErrorOptions,
  ForeignKeyViolationError,
  InternalError,
  NotNullViolationError,
  OverloadedError,
  SluiceError,
  StorageFullError,
  TimeoutError,
  UniqueViolationError,
  UnsupportedError,
  UsageError,
  type UsageErrorCode,
  ValueError,
} from '@sluice/core';
import { DatabaseError } from 'pg';
import type { PostgresConfig } from '../options/options.js';
import { indexLimitError, isTooLongForIndex } from './index-limit.js';
import type { ServerError } from './server-error.js';

/** What is known about a failure besides the server's error. */
export interface FailureContext {
  /** The violated constraint, or the index, where it is known and the error itself does not tell it. */
  readonly place?: ConstraintDetails;
  readonly operation?: string | undefined;
  /** Whether the statement may have committed a part of its work before it failed. Default false. */
  readonly isPartial?: boolean;
}

/** Whether the server raised the error, so that it has an SQLSTATE. */
export function isDatabaseError(error: unknown): error is DatabaseError {
  return error instanceof DatabaseError;
}

/** Converts an error that `pg` threw to the contract's error (C11). */
export function toSluiceError(cause: unknown, context: FailureContext = {}): SluiceError {
  if (cause instanceof SluiceError) return cause;
  if (isDatabaseError(cause)) return fromServerError(cause, context);
  return new InternalError('The PostgreSQL client failed.', { cause, operation: context.operation });
}

/** Converts the server's error to the contract's (C11), by its SQLSTATE and never by its message, which the server may translate. */
export function fromServerError(cause: ServerError, context: FailureContext = {}): SluiceError {
  const options: ErrorOptions = { cause, operation: context.operation };
  const state = cause.code ?? '';
  const create = BY_SQLSTATE[state] ?? BY_CLASS[state.slice(0, 2)] ?? refused;
  const { table, constraint, column } = cause;
  const { isPartial = false } = context;
  const { columns = [], ...found } = context.place ?? {};
  const place = { table, constraint, ...found, columns: column === undefined ? columns : [column] };
  return create({ state, cause, options, place, isPartial });
}

/** Whether the reason why no connection could be opened may pass: the server is away, is starting or stopping, or has no room. Nothing was executed. */
export function isTransient(error: unknown): boolean {
  return isWithoutRoom(error) || (error instanceof ConnectionError && error.retryable);
}

/** Whether the server, or a pooler, has no room for another connection. */
export function isWithoutRoom(error: unknown): boolean {
  return error instanceof OverloadedError;
}

/** The error for a lost connection; `cause` is undefined when this side closed it. */
export function connectionLostError(
  config: PostgresConfig,
  cause: unknown,
  operation: string | undefined,
): ConnectionError {
  const message = `The connection to PostgreSQL at ${endpoint(config)} was lost.`;
  return new ConnectionError(
    'connection_lost',
    message,
    cause === undefined ? { operation } : { cause, operation },
  );
}

/** The error for a COMMIT, or a statement in a transaction of its own, whose answer was not received. */
export function commitUnknownError(cause: unknown, operation: string | undefined): CommitUnknownError {
  return new CommitUnknownError(
    'The connection was lost before PostgreSQL said whether the transaction is committed. Read what it wrote to find out.',
    { cause, operation },
  );
}

/**
 * The error for a write that is committed on the primary alone: its deadline, or an administrator, cancelled the wait for a synchronous standby. The server
 * reports success then, with a warning, but a failover undoes the write.
 */
export function unreplicatedError(operation: string | undefined): CommitUnknownError {
  return new CommitUnknownError(
    'The write is committed, but not by the synchronous standby: the wait for that was cancelled. A failover may undo it. Read what it wrote to find out.',
    { operation },
  );
}

/** The error for a CALL, or another statement that may commit by itself, that failed with `cause`, after which another statement would be repeated. */
export function partlyCommittedError(cause: unknown, operation: string | undefined): CommitUnknownError {
  return new CommitUnknownError(
    'The statement failed, and may have committed a part of its work before. Read what it wrote before you run it again.',
    { cause, operation },
  );
}

/** The error for a server that takes no writes, where writes are wanted; nothing was executed. */
export function readOnlyError(
  config: Pick<PostgresConfig, 'host' | 'port'>,
  isStandby: boolean,
  options?: ErrorOptions,
): ConnectionError {
  const why = isStandby
    ? 'is a standby'
    : 'takes no writes: the server, the role or the database sets default_transaction_read_only';
  const message = `PostgreSQL at ${endpoint(config)} ${why}. If it is only to be read, add \`target_session_attrs=any\` to the URL.`;
  return new ConnectionError('read_only', message, options);
}

/** `host:port`, for messages. */
export function endpoint({ host, port }: Pick<PostgresConfig, 'host' | 'port'>): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

interface Failure {
  readonly state: string;
  readonly cause: ServerError;
  readonly options: ErrorOptions;
  readonly place: ConstraintDetails;
  readonly isPartial: boolean;
}

type ErrorFactory = (failure: Failure) => SluiceError;

function conflict(reason: ConflictReason, message: string): ErrorFactory {
  return ({ options }) => new ConflictError(reason, message, options);
}

function usage(code: UsageErrorCode, message: string): ErrorFactory {
  return ({ options }) => new UsageError(code, message, options);
}

/** Includes the server's message. Only for errors whose message names a table, a column, a function or types, never a value. */
function usageNamed(code: UsageErrorCode, message: string): ErrorFactory {
  return ({ cause, options }) => new UsageError(code, `${message}: ${cause.message}.`, options);
}

function value(message: string): ErrorFactory {
  return ({ cause, options, isPartial }) =>
    new ValueError(isPartial ? `${message}.` : `${message}; nothing was stored.`, {
      ...options,
      table: cause.table,
      column: cause.column,
    });
}

function connectionLost(message: string): ErrorFactory {
  return ({ options }) => new ConnectionError('connection_lost', message, options);
}

const unique: ErrorFactory = ({ place, options }) => new UniqueViolationError(place, options);
const foreignKey: ErrorFactory = ({ place, options }) => new ForeignKeyViolationError(place, options);
const notNull: ErrorFactory = ({ place, options }) => new NotNullViolationError(place, options);
const check: ErrorFactory = ({ place, options }) => new CheckViolationError(place, options);

const unsupported: ErrorFactory = ({ options }) =>
  new UnsupportedError('PostgreSQL does not support this.', options);
/** The server's message names a limit of its own and sizes, never a value. */
const limit: ErrorFactory = ({ cause, options, place }) =>
  isTooLongForIndex(cause)
    ? indexLimitError(place, options)
    : new UnsupportedError(`A limit of PostgreSQL is exceeded: ${cause.message}.`, options);
const full: ErrorFactory = ({ options }) =>
  new StorageFullError('PostgreSQL has no disk space left.', options);
const damaged: ErrorFactory = ({ options }) =>
  new CorruptError('corrupt', 'PostgreSQL found damaged data.', options);
const failed: ErrorFactory = ({ state, options }) =>
  new InternalError(`PostgreSQL itself failed (SQLSTATE ${state}). Its log says more.`, options);
const refused: ErrorFactory = ({ state, options }) =>
  new UsageError('invalid_query', `PostgreSQL refused the statement (SQLSTATE ${state}).`, options);
const overloaded: ErrorFactory = ({ options }) =>
  new OverloadedError('PostgreSQL has no resources left for this; try again later.', options);
const tooManyConnections: ErrorFactory = ({ options }) =>
  new OverloadedError(
    'PostgreSQL takes no more connections. Lower `poolSize`, or raise its max_connections.',
    options,
  );
const denied: ErrorFactory = ({ options }) =>
  new ConfigurationError(
    'invalid_configuration',
    'The PostgreSQL role may not do this. Grant it the privilege.',
    options,
  );
const cancelled: ErrorFactory = ({ options }) =>
  new TimeoutError(
    'PostgreSQL cancelled the statement: its statement_timeout passed, or an administrator did it.',
    options,
  );
const nameTaken: ErrorFactory = ({ options }) =>
  new ConfigurationError(
    'invalid_configuration',
    "A prepared statement of this name is already in the session. If the application made none, a pooler has given the connection another session: set `pooler: 'transaction'`, and leave `prepare` out unless the pooler keeps prepared statements.",
    options,
  );
const authentication: ErrorFactory = ({ options }) =>
  new ConnectionError('authentication_failed', 'PostgreSQL refused the user or the password.', options);
const unknownDatabase: ErrorFactory = ({ options }) =>
  new ConfigurationError(
    'invalid_configuration',
    'The PostgreSQL database does not exist. Create it, or correct the name in the URL.',
    options,
  );
const unavailable: ErrorFactory = ({ options }) =>
  new ConnectionError(
    'connection_failed',
    'PostgreSQL is starting up, shutting down or recovering; try again later.',
    options,
  );

/** https://www.postgresql.org/docs/current/errcodes-appendix.html */
const BY_SQLSTATE: Readonly<Record<string, ErrorFactory | undefined>> = {
  '08007': ({ cause, options }) => commitUnknownError(cause, options.operation),
  '21000': usage(
    'invalid_query',
    'A subquery that must give one row gave several, or a row would be written twice.',
  ),
  '22012': usage('invalid_query', 'The statement divides by zero.'),
  '22001': value('A text is longer than its column holds'),
  '22003': value('A number is outside the range of its column'),
  '22021': value('A text holds U+0000 or is not valid UTF-8'),
  '22P02': value('A value is not of the type its place asks for'),
  '22P05': value('JSON holds \\u0000, which PostgreSQL cannot store'),
  '23001': foreignKey,
  '23502': notNull,
  '23503': foreignKey,
  '23505': unique,
  '23514': check,
  '23P01': unique,
  '25001': usage(
    'invalid_query',
    'PostgreSQL runs this statement outside a transaction only: in a migration with `transaction = false`, else on the storage itself.',
  ),
  '25006': usage('invalid_query', 'A read-only transaction cannot write. Use `write`.'),
  '25P02': usage(
    'transaction_broken',
    'An earlier statement of this transaction failed; it can only be rolled back.',
  ),
  '25P03': connectionLost('PostgreSQL ended the connection: it was idle in a transaction for too long.'),
  '25P04': connectionLost('PostgreSQL ended the connection: the transaction took too long.'),
  '3D000': unknownDatabase,
  '40001': conflict(
    'serialization',
    'Another transaction changed or read the same rows; this one was rolled back.',
  ),
  '40002': check,
  '40003': ({ cause, options }) => commitUnknownError(cause, options.operation),
  '40P01': conflict('deadlock', 'Two transactions waited for each other; this one was rolled back.'),
  '42501': denied,
  '42703': usageNamed('unknown_column', 'The database has no such column'),
  '42725': usageNamed('invalid_query', 'PostgreSQL cannot tell which function or operator is meant'),
  '42804': usageNamed('invalid_query', 'The types do not match'),
  '42883': usageNamed('invalid_query', 'PostgreSQL has no such function or operator'),
  '42P05': nameTaken,
  '42P01': usageNamed('unknown_table', 'The database has no such table or view'),
  '53100': full,
  '53300': tooManyConnections,
  '54000': limit,
  '55P03': conflict('lock_timeout', 'A lock was not free in time; the transaction was rolled back.'),
  // The check option of a view.
  '44000': check,
  '57014': cancelled,
  '57P01': connectionLost(
    'PostgreSQL ended the connection: an administrator did it, or the server is shutting down.',
  ),
  '57P02': connectionLost('PostgreSQL ended the connection: another of its processes crashed.'),
  '57P03': unavailable,
  '57P04': connectionLost('PostgreSQL ended the connection: the database was dropped.'),
  '57P05': connectionLost('PostgreSQL ended the connection: it was idle for too long.'),
  P0001: check,
  XX001: damaged,
  XX002: damaged,
};

const BY_CLASS: Readonly<Record<string, ErrorFactory | undefined>> = {
  '08': connectionLost('The connection to PostgreSQL failed.'),
  '0A': unsupported,
  '22': value('A value does not fit its place'),
  '23': check,
  '28': authentication,
  '40': conflict('serialization', 'PostgreSQL rolled the transaction back; it may be made again.'),
  '53': overloaded,
  '54': limit,
  '58': failed,
  F0: failed,
  XX: failed,
};
