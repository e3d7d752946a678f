import { sep } from 'node:path';
import type { Selectable } from 'kysely';
import type { CatalogueTables } from '../catalogue-storage.js';
import type { Folder } from '../db.js';
import type { Difference } from './compare-folders.js';
import type { LoadTally } from './load-tally.js';

/** Inserts folders inside a transaction, parents before children, and returns the number of written rows. */
export async function insertFolders(
  { folders }: CatalogueTables,
  found: readonly Selectable<Folder>[],
): Promise<number> {
  const known = await folders.getMany(found.map(({ path }) => path));
  const added = found.filter((_, index) => known[index] === undefined);
  await folders.insertMany(added);
  for (const { path, parentPath } of found.filter((_, index) => known[index] !== undefined)) {
    await folders.update(path, { parentPath });
  }
  return found.length;
}

/** Deletes, inside a transaction, the rows of files and folders that are no longer on disk, and returns the counts. */
export async function removeGone(
  { files, folders }: CatalogueTables,
  { removedFiles, removedFolders }: Difference,
): Promise<Partial<LoadTally>> {
  let removed = 0;
  let removedRows = 0;
  for (const { folderPath, names } of removedFiles) {
    removed += await files.deleteMany({ where: { folderPath, name: { in: names } } });
  }
  for (const path of removedFolders) {
    const below = `${path}${sep}`;
    removed += await files.deleteMany({
      where: { or: [{ folderPath: path }, { folderPath: { startsWith: below } }] },
    });
    removedRows += await folders.deleteMany({ where: { or: [{ path }, { path: { startsWith: below } }] } });
  }
  return { removed, rowsWritten: removed + removedRows };
}
