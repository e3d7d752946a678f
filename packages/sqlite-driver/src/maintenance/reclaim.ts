import { setTimeout as delay } from 'node:timers/promises';
import Sqlite from 'better-sqlite3';
import { isBusy, NO_INCREMENTAL_VACUUM, toFailure } from '../errors/failure.js';
import type { TaskContext } from './task-context.js';

/** Returns unused pages of the database at `path` to the file system. */
export interface ReclaimTask {
  readonly kind: 'reclaim';
  readonly path: string;
}

/** What {@link reclaim} did. */
export interface ReclaimReport {
  /** By how many bytes the file shrinks at the next checkpoint. */
  readonly reclaimedBytes: number;
}

/** How many pages are moved in one transaction, which takes about a millisecond. */
const PAGES_PER_STEP = 128;

/** Pause between two transactions, in which other writers can work. */
const PAUSE_MS = 5;

const INCREMENTAL = 2;

/** Moves pages from the end of the file to free pages, in small transactions between which other connections can write. */
export async function reclaim({ path }: ReclaimTask, context: TaskContext): Promise<ReclaimReport> {
  const database = new Sqlite(path, { fileMustExist: true, timeout: 0 });
  try {
    if (number(database, 'auto_vacuum') !== INCREMENTAL) throw notIncremental();
    // No flush is needed: if the power fails, the pages are at their old places.
    database.pragma('synchronous = normal');
    const total = number(database, 'freelist_count');
    let left = total;
    while (left > 0) {
      context.onProgress(total - left, Math.max(total, left));
      if (tryStep(database)) left = number(database, 'freelist_count');
      await delay(PAUSE_MS);
    }
    context.onProgress(total, total);
    return { reclaimedBytes: total * number(database, 'page_size') };
  } finally {
    database.close();
  }
}

/** False when another connection has the lock. */
function tryStep(database: Sqlite.Database): boolean {
  try {
    database.pragma(`incremental_vacuum(${PAGES_PER_STEP})`);
    return true;
  } catch (error) {
    if (isBusy(toFailure(error, 'run'))) return false;
    throw error;
  }
}

function number(database: Sqlite.Database, pragma: string): number {
  return Number(database.pragma(pragma, { simple: true }));
}

function notIncremental(): Error {
  return new Sqlite.SqliteError(
    'The file was not made for giving pages back in small steps. Run VACUUM on the storage: it rewrites the whole file, while writers wait.',
    NO_INCREMENTAL_VACUUM,
  );
}
