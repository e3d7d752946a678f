import { randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import { openToRead } from './open-to-read.js';
import { putInPlace, syncFolder } from './put-in-place.js';
import type { TaskContext } from './task-context.js';

/** Copies the database at `from` to `to`, where nothing may be yet. */
export interface BackupTask {
  readonly kind: 'backup';
  readonly from: string;
  readonly to: string;
}

/** Pages copied between two looks at whether the copy is still wanted. */
const PAGES_PER_STEP = 1000;

/**
 * Copies the database as of one moment. The transaction held open keeps that moment: without it SQLite would start the copy over each
 * time somebody writes. The copy gets its name once it is whole and on disk, and never takes that of another file.
 */
export async function backUp({ from, to }: BackupTask, context: TaskContext): Promise<undefined> {
  const partial = `${to}.partial-${randomUUID()}`;
  try {
    await copyDatabase(from, partial, context);
    putInPlace(partial, to);
    syncFolder(to);
  } finally {
    for (const leftover of [partial, `${partial}-journal`]) rmSync(leftover, { force: true });
  }
}

/** Writes a copy by SQLite's backup interface, which reads the WAL as well. */
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
