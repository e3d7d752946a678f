import { copyFileSync, existsSync, renameSync, rmSync } from 'node:fs';
import Sqlite from 'better-sqlite3';
import { syncFolder } from './put-in-place.js';
import { type SalvageReport, salvage } from './salvage.js';
import { assertNobodyHolds } from './sole-owner.js';
import type { TaskContext } from './task-context.js';

/** Moves a damaged database from `path` to `aside` and writes what can be read of it to `salvaged`. */
export interface QuarantineTask {
  readonly kind: 'quarantine';
  readonly path: string;
  readonly aside: string;
  readonly salvaged: string;
}

/** What {@link quarantine} did. */
export interface QuarantineReport extends SalvageReport {
  /** Where the damaged file is now, as it was; its `-wal` and `-shm`, if there were any, lie beside it. */
  readonly quarantined: string;
  /** The new file with what could be read; `undefined` when that was nothing. */
  readonly salvaged: string | undefined;
}

/** The file itself goes last, so that its WAL is never left alone under its name. */
const PARTS = ['-wal', '-shm', '-journal', ''];

/** Moves the files aside before anything is read, so that nobody writes to them any more. Nothing is deleted but what this itself made. */
export function quarantine(task: QuarantineTask, context: TaskContext): QuarantineReport {
  const { path, aside } = task;
  context.assertWanted();
  assertNobodyHolds(path);
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
  try {
    return { salvaged, ...salvageReadable(aside, salvaged, context) };
  } catch (error) {
    for (const part of PARTS) rmSync(salvaged + part, { force: true });
    if (!isUnreadable(error)) throw error;
    const missing = [{ type: 'database', name: 'main', reason: error.message }];
    return { salvaged: undefined, isComplete: false, tables: [], missing };
  }
}

/** A transaction that a crash cut off must be undone first, which is done to a copy. */
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
