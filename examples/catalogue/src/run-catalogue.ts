import { setTimeout as sleep } from 'node:timers/promises';
import { type CatalogueStorage, openCatalogue, tablesOf } from './catalogue-storage.js';
import type { CatalogueOptions } from './command-line.js';
import { databaseFileTest } from './database-files.js';
import { ForegroundCallers } from './foreground/foreground-callers.js';
import { loadInBackground } from './load/load-in-background.js';
import { type CatalogueFigures, type CatalogueTotals, figuresOf } from './report/catalogue-figures.js';
import { EventLoopWatch } from './report/event-loop-watch.js';

/** The callers work at least this long, so that there is something to measure when there is little to load. */
const SHORTEST_MS = 3_000;

/** Brings the catalogue of a folder up to date while callers work on it, and returns what was done and measured. */
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

/** How many rows each table has, on one snapshot. */
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
  // Being interrupted is no error: the run just ends sooner.
  await sleep(Math.max(0, ms), undefined, { signal }).catch(() => undefined);
}
