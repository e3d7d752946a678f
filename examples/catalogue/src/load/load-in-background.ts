import type { CatalogueStorage } from '../catalogue-storage.js';
import { Hasher } from '../files/hasher.js';
import { countFiles } from '../files/walk-folders.js';
import { LoadProgress } from '../report/load-progress.js';
import { loadFolder } from './load-folder.js';
import { emptyTally, type LoadTally } from './load-tally.js';

/** The result of a load. */
export interface LoadOutcome {
  readonly tally: LoadTally;
  readonly durationMs: number;
  /** Whether the signal stopped the load. Committed batches are kept, and the next load continues after them. */
  readonly isInterrupted: boolean;
}

/** The folder to load, and the files to skip. */
export interface LoadSource {
  readonly folder: string;
  readonly isExcluded: (path: string) => boolean;
}

/** Updates the catalogue of a folder, with a hashing thread and a progress display. */
export async function loadInBackground(
  storage: CatalogueStorage,
  { folder, isExcluded }: LoadSource,
  signal: AbortSignal,
): Promise<LoadOutcome> {
  const since = performance.now();
  const progress = new LoadProgress();
  let tally = emptyTally();
  const onProgress = (reached: LoadTally): void => {
    tally = reached;
    progress.update(reached);
  };
  await using hasher = new Hasher();
  void countFiles(folder, signal).then((total) => progress.start(total));
  try {
    tally = await loadFolder(folder, { storage, hasher, signal, isExcluded, onProgress });
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    progress.stop();
  }
  return { tally, durationMs: performance.now() - since, isInterrupted: signal.aborted };
}
