import {
  CheckViolationError,
  CommitUnknownError,
  ConfigurationError,
  ConflictError,
  ConnectionError,
  CorruptError,
  type ErrorOptions,
  ForeignKeyViolationError,
  InternalError,
  MigrationError,
  NotNullViolationError,
  StorageFullError,
  UniqueViolationError,
  UnsupportedError,
  UsageError,
  ValueError,
} from '@sluice/core';
import { targetTable } from '../sql/statement.js';
import { NOT_A_NUMBER } from '../values/text-numbers.js';
import { parseTypeCheckName } from '../values/type-check-name.js';
import { parseViolation, type ViolationDetails } from './constraint-message.js';
import {
  CHANGED,
  type Failure,
  IN_USE,
  NO_INCREMENTAL_VACUUM,
  ROLLED_BACK,
  ROWS_VANISHED,
  STUCK,
  TEMPORARY,
  TOO_OLD,
  UNREADABLE,
  UNSOUND,
} from './failure.js';

/** A failure with its statement and its cause. */
interface Circumstances extends ErrorOptions {
  readonly failure: Failure;
  /** The statement that failed; `undefined` for a COMMIT. */
  readonly sql: string | undefined;
}

type ToError = (circumstances: Circumstances) => Error;

/**
 * Errors by SQLite's extended result code (sqlite.org/rescode.html). A code that is not listed is looked up by its primary code, which is its
 * first two words.
 */
const BY_CODE: Readonly<Record<string, ToError>> = {
  EACCES: pathUnusable,
  EEXIST: (c) => new ConfigurationError('path_unusable', 'A file of that name exists already.', c),
  ENOSPC: storageFull,
  EPERM: pathUnusable,
  EROFS: pathUnusable,
  SQLITE_AUTH: pathUnusable,
  SQLITE_BUSY: busyError,
  SQLITE_BUSY_SNAPSHOT: (c) =>
    new ConflictError('busy_snapshot', 'Another transaction wrote after this one began to read.', c),
  SQLITE_CANTOPEN: pathUnusable,
  SQLITE_CONSTRAINT: checkViolation,
  SQLITE_CONSTRAINT_CHECK: checkViolation,
  SQLITE_CONSTRAINT_DATATYPE: (c) =>
    new ValueError('A value does not fit the type of its strict column; nothing was stored.', {
      ...c,
      ...columnOf(c),
    }),
  SQLITE_CONSTRAINT_FOREIGNKEY: (c) => new ForeignKeyViolationError(detailsOf(c), c),
  SQLITE_CONSTRAINT_NOTNULL: (c) => new NotNullViolationError(detailsOf(c), c),
  SQLITE_CONSTRAINT_PRIMARYKEY: (c) => new UniqueViolationError(detailsOf(c), c),
  SQLITE_CONSTRAINT_ROWID: (c) => new UniqueViolationError(detailsOf(c), c),
  SQLITE_CONSTRAINT_UNIQUE: (c) => new UniqueViolationError(detailsOf(c), c),
  SQLITE_CORRUPT: (c) =>
    new CorruptError(
      'corrupt',
      'The database file is damaged. Restore it from a backup; it was left untouched.',
      c,
    ),
  SQLITE_ERROR: statementError,
  SQLITE_FULL: storageFull,
  SQLITE_IOERR: diskError,
  SQLITE_IOERR_WRITE: writeError,
  SQLITE_LOCKED: (c) => new ConflictError('busy', 'Another connection holds a lock on the table.', c),
  SQLITE_MISMATCH: (c) =>
    new ValueError('A value does not fit the type of its column; nothing was stored.', c),
  SQLITE_NOMEM: (c) => new InternalError('SQLite ran out of memory.', c),
  SQLITE_NOTADB: (c) =>
    new CorruptError(
      'not_a_database',
      'The file is not an SQLite database. Check the path; it was left untouched.',
      c,
    ),
  SQLITE_PERM: pathUnusable,
  SQLITE_PROTOCOL: (c) => new ConflictError('busy', 'The locks of the database are contended.', c),
  SQLITE_RANGE: (c) =>
    new UsageError('invalid_query', 'The statement has fewer parameters than it was given.', c),
  SQLITE_READONLY: readonlyError,
  [CHANGED]: changedError,
  [TOO_OLD]: (c) =>
    new ConfigurationError('runtime_too_old', `${c.failure.message} Update better-sqlite3.`, c),
  [IN_USE]: (c) => new ConflictError('busy', c.failure.message, c),
  [UNSOUND]: (c) => new CorruptError('corrupt', c.failure.message, c),
  [NOT_A_NUMBER]: (c) => new ValueError(c.failure.message, c),
  [NO_INCREMENTAL_VACUUM]: (c) => new UnsupportedError(c.failure.message, c),
  [ROLLED_BACK]: (c) =>
    new UsageError(
      'transaction_broken',
      'An earlier statement of this transaction rolled all of it back, so nothing of it can be committed. Let its error pass.',
      c,
    ),
  [STUCK]: (c) => new ConnectionError('connection_stuck', c.failure.message, c),
  // No error of SQLite's: it had executed the statement.
  [UNREADABLE]: ({ failure: { message, details } }) =>
    new ValueError(message, { column: details?.columns?.[0] }),
  [TEMPORARY]: (c) => new UnsupportedError(c.failure.message, c),
  [ROWS_VANISHED]: (c) =>
    new MigrationError(
      `${c.failure.message} Delete them by a statement of their own first, if that is meant.`,
      c,
    ),
  SQLITE_TOOBIG: (c) =>
    new ValueError('A value or a statement is larger than SQLite takes (1 GB); nothing was stored.', c),
};

/** The error for a failure that a thread reported. `engineError` becomes its cause. */
export function toError(failure: Failure, sql: string | undefined, engineError: Error): Error {
  const circumstances = { failure, sql, cause: engineError };
  if (failure.code === undefined) return bindingError(circumstances);
  const primary = failure.code.split('_', 2).join('_');
  const create = BY_CODE[failure.code] ?? BY_CODE[primary];
  if (create !== undefined) return create(circumstances);
  return new InternalError(`SQLite reported ${failure.code}: ${failure.message}.`, circumstances);
}

/** The error of a call whose thread ended. */
export function lostError(isUnknown: boolean, cause: unknown): Error {
  return isUnknown
    ? new CommitUnknownError('The thread ended during COMMIT; the write may or may not have happened.', {
        cause,
      })
    : new ConnectionError(
        'connection_lost',
        'The thread ended before the statement was done; nothing of it was kept.',
        {
          cause,
        },
      );
}

/** Errors that better-sqlite3 itself throws: wrong parameters, several statements in one text, or none. */
function bindingError(c: Circumstances): Error {
  const { name, message, phase } = c.failure;
  if (phase === 'open') {
    return new ConfigurationError('path_unusable', `The database cannot be used: ${message}`, c);
  }
  if (name === 'RangeError' || name === 'TypeError') return new UsageError('invalid_query', `${message}.`, c);
  return new InternalError(`The SQLite thread failed: ${message}`, c);
}

function busyError(c: Circumstances): Error {
  const message = c.failure.isRollbackJournal
    ? 'Another process keeps the file locked in rollback-journal mode, so that it cannot be switched to WAL. Close that process, or let it use WAL too.'
    : 'Another process holds the lock of the database.';
  return new ConflictError('busy', message, c);
}

function changedError(c: Circumstances): Error {
  const what = 'The database file, its -wal or its -shm was deleted, replaced, moved or cut by somebody else';
  const next = 'The storage executes nothing more. Close it, see to the file, and open it again.';
  return c.failure.phase === 'commit'
    ? new CommitUnknownError(`${what} during COMMIT; the write may or may not be found. ${next}`, c)
    : new ConnectionError('file_changed', `${what}; nothing of the call was executed. ${next}`, c);
}

function storageFull(c: Circumstances): Error {
  return new StorageFullError('The disk is full; nothing was stored. Free some space.', c);
}

function diskError(c: Circumstances): Error {
  return new ConnectionError('connection_failed', 'The disk reported an error. Check it.', c);
}

function writeError(c: Circumstances): Error {
  if (c.failure.isAtSizeLimit !== true) return diskError(c);
  return new StorageFullError(
    'The write-ahead log is as large as this process may make a file (ulimit -f); nothing was stored. Raise the limit.',
    c,
  );
}

function pathUnusable(c: Circumstances): Error {
  const message =
    'The database file cannot be opened for writing. Check that its folder exists, and that this user may write to the file and the folder.';
  return new ConfigurationError('path_unusable', message, c);
}

/** SQLITE_READONLY comes from a reader when the caller tries to write; its other forms, and one while opening, concern the file. */
function readonlyError(c: Circumstances): Error {
  if (c.failure.code !== 'SQLITE_READONLY' || c.failure.phase === 'open') return pathUnusable(c);
  return new UsageError('invalid_query', 'A read transaction cannot write. Use a write transaction.', c);
}

function statementError(c: Circumstances): Error {
  const { message, phase } = c.failure;
  for (const [pattern, create] of BY_MESSAGE) {
    const match = pattern.exec(message);
    if (match !== null) return create(match[1] ?? '', c);
  }
  if (phase === 'prepare')
    return new UsageError('invalid_query', `SQLite does not understand the statement: ${message}.`, c);
  return new UsageError('invalid_query', `SQLite refused the statement: ${message}.`, c);
}

/** SQLite reports all of these as SQLITE_ERROR, so its message is the only source. A test checks each message with the SQLite in use. */
const BY_MESSAGE: readonly (readonly [RegExp, (name: string, c: Circumstances) => Error])[] = [
  [/^no such table: (.+)$/, (name, c) => new UsageError('unknown_table', `There is no table "${name}".`, c)],
  [
    /^no such column: (.+)$/,
    (name, c) => new UsageError('unknown_column', `There is no column "${name}".`, c),
  ],
  [
    /has no column named (.+)$/,
    (name, c) => new UsageError('unknown_column', `There is no column "${name}".`, c),
  ],
  [/^integer overflow$/, (_, c) => new ValueError('A computed number is larger than a bigint.', c)],
  [/^malformed JSON$/, (_, c) => new ValueError('A value is not JSON.', c)],
];

/** A violated type check becomes a ValueError; any other CHECK belongs to the application. */
function checkViolation(c: Circumstances): Error {
  const told = detailsOf(c);
  const type = told.constraint === undefined ? undefined : parseTypeCheckName(told.constraint);
  if (type === undefined) return new CheckViolationError(told, c);
  // The check of a renamed column keeps its old name.
  const column = told.columns?.[0] ?? type.column;
  const message = `"${told.table ?? '?'}"."${column}" is ${type.type} and cannot hold the value given; nothing was stored.`;
  return new ValueError(message, { ...c, table: told.table, column });
}

/** The details that the thread found; otherwise those in the message and the statement. */
function detailsOf({ failure, sql }: Circumstances): ViolationDetails {
  const table = sql === undefined ? undefined : targetTable(sql);
  return failure.details ?? { table, ...parseViolation(failure.code, failure.message) };
}

function columnOf(c: Circumstances): { table: string | undefined; column: string | undefined } {
  const [table, column] = /([^ ]+)\.([^ ]+)$/.exec(c.failure.message)?.slice(1) ?? [];
  return { table, column };
}
