import { setTimeout as sleep } from 'node:timers/promises';
import { type CatalogueStorage, openCatalogue, tablesOf } from './catalogue-storage.js';
import type { CatalogueOptions } from './command-line.js';
import { databaseFileTest } from './database-files.js';
import { ForegroundCallers } from './foreground/foreground-callers.js';
import { loadInBackground } from './load/load-in-background.js';
import { type CatalogueFigures, type CatalogueTotals, figuresOf } from './report/catalogue-figures.js';
import { EventLoopWatch } from './report/event-loop-watch.js';

/** The minimum time of the callers' work, so that there is something to measure even if there is little to load. */
const SHORTEST_MS = 3_000;

/** Updates the catalogue of a folder while callers use it, and returns the figures. */
export async function runCatalogue(
  { url, folder, callers }: CatalogueOptions,
  signal: AbortSignal,
): Promise<CatalogueFigures> {
  const eventLoop = new EventLoopWatch();
  await using storage = await openCatalogue(url);
  console.error(introduction(folder, await countRows(storage)));
  await using foreground = new ForegroundCallers(storage, callers);
  const load = await loadInBackground(storage, { folder, isExcluded: databaseFileTest(url) }, signal);
  if (callers > 0) await pause(SHORTEST_MS - load.durationMs, signal);
  return figuresOf(
    {
      folder,
      load,
      foreground: await foreground.stop(),
      totals: await countRows(storage),
      longestStallMs: eventLoop.longestMs(),
    },
    storage.metrics(),
  );
}

function introduction(folder: string, { files }: CatalogueTotals): string {
  return files === 0
    ? `Cataloguing ${folder} …`
    : `The catalogue holds ${files.toLocaleString('en')} files. Looking in ${folder} for what has changed …`;
}

/** Counts the rows of each table on one snapshot. */
function countRows(storage: CatalogueStorage): Promise<CatalogueTotals> {
  return storage.read(async (tx) => {
    const { files, folders, contents } = tablesOf(tx);
    return {
      files: await files.count(),
      folders: await folders.count(),
      contents: await contents.count(),
    };
  });
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  // An interruption is not an error. The run just ends earlier.
  await sleep(Math.max(0, ms), undefined, { signal }).catch(() => undefined);
}
