import { statSync } from 'node:fs';
import Sqlite from 'better-sqlite3';
import { CHANGED, CHANGED_MESSAGE, TOO_OLD } from '../errors/failure.js';
import { wouldLeaveReadOnlyIndex } from '../file/file-access.js';
import { filesIdentity, hasChanged, noteChange, type OpenFiles } from '../file/file-watch.js';
import { isAtLeast, OLDEST_SQLITE } from '../file/versions.js';
import type { ConnectionOptions } from './thread-protocol.js';

/** Fails for an SQLite that may damage a database. @throws SqliteError */
export function assertVersion(version: string): void {
  if (isAtLeast(version, OLDEST_SQLITE)) return;
  throw new Sqlite.SqliteError(
    `SQLite ${version} may corrupt a database that several connections use; ${OLDEST_SQLITE} is the first without that bug.`,
    TOO_OLD,
  );
}

/**
 * Fails when the path leads to other files than before, or to an empty one: a deleted file must not be created again, two connections must not use
 * different files, and a file that was cut to nothing looks like a new database.
 */
export function assertSameFiles({ path, files }: ConnectionOptions): void {
  const isSame = files.identity === undefined || (filesIdentity(path) === files.identity && !isEmpty(path));
  if (!isSame || hasChanged(files)) throwChanged(files);
}

/**
 * Fails when a file that was in WAL mode is not any more: it was copied over in place. To switch it again would wait for our own other connections.
 *
 * @throws SqliteError
 */
export function assertStillWal(mode: unknown, files: OpenFiles): void {
  if (files.identity !== undefined && mode !== 'wal') throwChanged(files);
}

function throwChanged(files: OpenFiles): never {
  noteChange(files);
  throw changedError();
}

/** A database in WAL mode has at least one page in its file. */
function isEmpty(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.size === 0;
}

/** The error of a statement on files that were changed. */
export function changedError(): Error {
  return new Sqlite.SqliteError(CHANGED_MESSAGE, CHANGED);
}

/** Fails before SQLite creates files beside a read-only database that would block it after its permissions were mended. */
export function assertLeavesNothing({ path }: ConnectionOptions): void {
  if (!wouldLeaveReadOnlyIndex(path)) return;
  throw new Sqlite.SqliteError('attempt to write a readonly database', 'SQLITE_READONLY');
}
