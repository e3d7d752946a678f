import { copyFileSync, existsSync, renameSync, rmSync } from 'node:fs';
import Sqlite from 'better-sqlite3';
import { copyPermissions, createPrivate } from '../file/file-access.js';
import { syncFolder } from './put-in-place.js';
import { type SalvageReport, salvage } from './salvage.js';
import { assertNotLocked } from './sole-owner.js';
import type { TaskContext } from './task-context.js';

/** Moves a damaged database from `path` to `aside`, and writes its readable content to `salvaged`. */
export interface QuarantineTask {
  readonly kind: 'quarantine';
  readonly path: string;
  readonly aside: string;
  readonly salvaged: string;
}

/** What {@link quarantine} did. */
export interface QuarantineReport extends SalvageReport {
  /** The new path of the damaged file, which is unchanged. Its `-wal` and `-shm`, if there were any, are beside it. */
  readonly quarantined: string;
  /** The new file with the readable content; `undefined` when nothing could be read. */
  readonly salvaged: string | undefined;
}

/** The file itself is moved last, so that its WAL never remains without it. */
const PARTS = ['-wal', '-shm', '-journal', ''];

/** Moves the files first, so that no process writes to them any more, and then salvages. Deletes only files that it has made itself. */
export function quarantine(task: QuarantineTask, context: TaskContext): QuarantineReport {
  const { path, aside } = task;
  context.assertNotCancelled();
  assertNotLocked(path);
  const parts = PARTS.filter((part) => existsSync(path + part));
  for (const part of parts) renameSync(path + part, aside + part);
  syncFolder(path);
  try {
    return { quarantined: aside, ...salvageWhatIsLeft(task, context) };
  } finally {
    for (const part of PARTS) if (!parts.includes(part)) rmSync(aside + part, { force: true });
  }
}

function salvageWhatIsLeft(
  { aside, salvaged }: QuarantineTask,
  context: TaskContext,
): SalvageReport & Pick<QuarantineReport, 'salvaged'> {
  createPrivate(salvaged, aside);
  try {
    const report = salvageReadable(aside, salvaged, context);
    copyPermissions(salvaged, aside);
    return { salvaged, ...report };
  } catch (error) {
    for (const part of PARTS) rmSync(salvaged + part, { force: true });
    if (!isUnreadable(error)) throw error;
    const missing = [{ type: 'database', name: 'main', reason: error.message }];
    return { salvaged: undefined, isComplete: false, tables: [], missing };
  }
}

/** Salvages the file. If it has a rollback journal, the interrupted transaction is first rolled back in a copy. */
function salvageReadable(aside: string, salvaged: string, context: TaskContext): SalvageReport {
  if (!existsSync(`${aside}-journal`)) return salvage(aside, salvaged, context);
  const copy = `${salvaged}.copy`;
  try {
    for (const part of ['', '-journal']) copyFileSync(aside + part, copy + part);
    rollBack(copy);
    return salvage(copy, salvaged, context);
  } finally {
    for (const part of PARTS) rmSync(copy + part, { force: true });
  }
}

function rollBack(path: string): void {
  const database = new Sqlite(path);
  try {
    database.prepare('select count(*) from sqlite_schema').get();
  } finally {
    database.close();
  }
}

function isUnreadable(error: unknown): error is Error {
  return error instanceof Sqlite.SqliteError && /^SQLITE_(?:CORRUPT|NOTADB)/.test(error.code);
}
