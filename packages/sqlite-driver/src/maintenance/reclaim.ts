import { setTimeout as delay } from 'node:timers/promises';
import Sqlite from 'better-sqlite3';
import { isBusy, NO_INCREMENTAL_VACUUM, toFailure } from '../errors/failure.js';
import type { TaskContext } from './task-context.js';

/** Gives unused pages of the database at `path` back to the disk. */
export interface ReclaimTask {
  readonly kind: 'reclaim';
  readonly path: string;
}

/** What {@link reclaim} did. */
export interface ReclaimReport {
  /** Bytes by which the file will be shorter once its WAL is copied back. */
  readonly reclaimedBytes: number;
}

/** Pages moved in one transaction: about a millisecond of the writer's time. */
const PAGES_PER_STEP = 128;

/** How long the writers of all processes have between two steps. */
const PAUSE_MS = 5;

const INCREMENTAL = 2;

/** Moves pages from the end of the file into its gaps, in small transactions between which others write. */
export async function reclaim({ path }: ReclaimTask, context: TaskContext): Promise<ReclaimReport> {
  const database = new Sqlite(path, { fileMustExist: true, timeout: 0 });
  try {
    if (number(database, 'auto_vacuum') !== INCREMENTAL) throw notIncremental();
    // The pages' new places need not survive power loss: the old ones would.
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
