import { randomUUID } from 'node:crypto';
import { existsSync, linkSync, renameSync, rmSync } from 'node:fs';
import Sqlite from 'better-sqlite3';
import { UNSOUND } from '../errors/failure.js';
import { copyPermissions, createPrivate } from '../file/file-access.js';
import { copyDatabase } from './back-up.js';
import { checkOpened } from './check-integrity.js';
import { hasNoLinks, putInPlace, syncFolder } from './put-in-place.js';
import { takeOver } from './sole-owner.js';
import type { TaskContext } from './task-context.js';

/** Replaces the database at `to` by a copy of the one at `from`. The old one is kept as `aside`. */
export interface RestoreTask {
  readonly kind: 'restore';
  readonly from: string;
  readonly to: string;
  readonly aside: string;
}

/** What {@link restoreBackup} did. */
export interface RestoreReport {
  /** The new path of the replaced database; `undefined` when there was none. */
  readonly replaced: string | undefined;
}

/** Suffixes of the files beside a database that belong to it. */
const COMPANIONS = ['-wal', '-shm', '-journal'];

/** What the owner of a database needs. A backup may be read-only. */
const OWNER_PERMISSIONS = 0o600;

/**
 * Copies the backup beside the database and checks the copy before it replaces anything. The copy gets the permissions of the database that it
 * replaces, or of the backup where there is none.
 */
export async function restoreBackup(task: RestoreTask, context: TaskContext): Promise<RestoreReport> {
  const copy = `${task.to}.restoring-${randomUUID()}`;
  try {
    const model = existsSync(task.to) ? task.to : task.from;
    createPrivate(copy, model);
    await copyDatabase(task.from, copy, context);
    assertSound(copy, context);
    copyPermissions(copy, model, OWNER_PERMISSIONS);
    if (existsSync(task.to)) {
      replace(copy, task);
      return { replaced: task.aside };
    }
    // SQLite would apply the WAL of a deleted file to the new one.
    moveCompanions(task);
    putInPlace(copy, task.to);
    syncFolder(task.to);
    return { replaced: undefined };
  } finally {
    for (const leftover of ['', ...COMPANIONS]) rmSync(copy + leftover, { force: true });
  }
}

function assertSound(path: string, { assertNotCancelled }: TaskContext): void {
  const database = new Sqlite(path, { fileMustExist: true });
  try {
    const { problems } = checkOpened(database, { assertNotCancelled, onProgress: assertNotCancelled });
    const [first] = problems;
    if (first === undefined) return;
    throw new Sqlite.SqliteError(
      `The backup is damaged, so that nothing was replaced: ${first.message}. Take another one.`,
      UNSOUND,
    );
  } finally {
    database.close();
  }
}

/** Replaces the database atomically: at every moment its name leads to a complete database, the old or the new one. */
function replace(copy: string, task: RestoreTask): void {
  const owner = takeOver(task.to);
  try {
    keepAside(task);
    moveCompanions(task);
    renameSync(copy, task.to);
    syncFolder(task.to);
  } finally {
    owner?.close();
  }
}

function keepAside({ to, aside }: RestoreTask): void {
  try {
    linkSync(to, aside);
  } catch (error) {
    if (!hasNoLinks(error)) throw error;
    renameSync(to, aside);
  }
}

function moveCompanions({ to, aside }: RestoreTask): void {
  for (const suffix of COMPANIONS) if (existsSync(to + suffix)) renameSync(to + suffix, aside + suffix);
}
