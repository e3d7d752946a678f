import { randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import { copyPermissions, createPrivate } from '../file/file-access.js';
import { openToRead } from './open-to-read.js';
import { putInPlace, syncFolder } from './put-in-place.js';
import type { TaskContext } from './task-context.js';

/** Copies the database at `from` to `to`, where no file may exist. */
export interface BackupTask {
  readonly kind: 'backup';
  readonly from: string;
  readonly to: string;
}

/** How many pages are copied between two checks for cancellation. */
const PAGES_PER_STEP = 1000;

/**
 * Copies a snapshot of the database. An open read transaction holds the snapshot; without it SQLite would restart the copy after each write. The
 * copy gets its name when it is complete and on disk. It never replaces a file. At no moment may
 * more users read it than may read the database.
 */
export async function backUp({ from, to }: BackupTask, context: TaskContext): Promise<undefined> {
  const partial = `${to}.partial-${randomUUID()}`;
  try {
    createPrivate(partial, from);
    await copyDatabase(from, partial, context);
    copyPermissions(partial, from);
    putInPlace(partial, to);
    syncFolder(to);
  } finally {
    for (const leftover of [partial, `${partial}-journal`]) rmSync(leftover, { force: true });
  }
}

/** Writes a copy with SQLite's backup API, which includes the WAL. */
export async function copyDatabase(from: string, to: string, context: TaskContext): Promise<void> {
  const source = openToRead(from);
  try {
    source.prepare('begin').run();
    source.prepare('select count(*) from sqlite_schema').get();
    await source.backup(to, {
      progress: ({ totalPages, remainingPages }) => {
        context.onProgress(totalPages - remainingPages, totalPages);
        return PAGES_PER_STEP;
      },
    });
    source.prepare('rollback').run();
  } finally {
    source.close();
  }
}
