import { openStorage, SluiceError } from '@sluice/core';
import { postgres } from '@sluice/postgres-driver';
import { sqlite } from '@sluice/sqlite-driver';
import { type CatalogueStorage, tablesOf } from '../src/catalogue-storage.js';
import type { DB } from '../src/db.js';

/** The columns that callers write. They differ between two runs with the same files. */
const WRITTEN_BY_CALLERS = new Set(['isStarred', 'viewCount', 'lastViewedAt']);

/** Returns every row of the catalogue in key order as text, without the columns that callers write. */
export async function dumpCatalogue(url: string): Promise<string> {
  await using storage = await openMigrated(url);
  return storage.read(async (tx) => {
    const { folders, files, contents } = tablesOf(tx);
    const rows = [
      ...(await folders.find({ orderBy: { path: 'asc' } })),
      ...(await contents.find({ orderBy: { hash: 'asc' } })),
      ...(await files.find({ orderBy: { folderPath: 'asc', name: 'asc' } })),
    ];
    return rows.map((row) => JSON.stringify(row, portable)).join('\n');
  });
}

/** Returns the sum of the files' view counts. */
export async function countViews(url: string): Promise<number> {
  await using storage = await openMigrated(url);
  const files = await tablesOf(storage).files.find();
  return files.reduce((sum, { viewCount }) => sum + viewCount, 0);
}

/** Returns the number of files, or 0 if there is no table yet. */
export async function countFiles(url: string): Promise<number> {
  await using storage = await openMigrated(url);
  try {
    return await tablesOf(storage).files.count();
  } catch (error) {
    if (error instanceof SluiceError && error.code === 'unknown_table') return 0;
    throw error;
  }
}

/** Opens a catalogue that the example has migrated. */
function openMigrated(url: string): Promise<CatalogueStorage> {
  return openStorage<DB>({ url, drivers: [sqlite(), postgres()], camelCase: true });
}

function portable(key: string, value: unknown): unknown {
  if (WRITTEN_BY_CALLERS.has(key)) return undefined;
  return typeof value === 'bigint' ? `${value}n` : value;
}
