import { join } from 'node:path';
import { type FolderListing, foldersOf, listFolder, readFolder } from './folder-listing.js';

/** Options of {@link walkFolders}. */
export interface WalkOptions {
  /** Whether the file at a path is skipped. */
  readonly isExcluded: (path: string) => boolean;
  /** Called for each folder that cannot be read. */
  readonly onUnreadable: (path: string) => void;
}

/** Yields every folder of a tree, parents before children, sorted by name. Each real folder is visited once. */
export async function* walkFolders(root: string, options: WalkOptions): AsyncGenerator<FolderListing> {
  const waiting: { path: string; parentPath: string | undefined }[] = [{ path: root, parentPath: undefined }];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { path, parentPath } = next;
    const listing = await listFolder(path, parentPath, options.isExcluded);
    if (listing === undefined) {
      options.onUnreadable(path);
      continue;
    }
    yield listing;
    const children = listing.folders.map((name) => ({ path: join(path, name), parentPath: path }));
    waiting.push(...children.reverse());
  }
}

/** Counts the files of a tree without reading their metadata. */
export async function countFiles(root: string, signal: AbortSignal): Promise<number> {
  let files = 0;
  const waiting = [root];
  for (let path = waiting.pop(); path !== undefined && !signal.aborted; path = waiting.pop()) {
    const folder = path;
    const entries = (await readFolder(folder)) ?? [];
    files += entries.filter((entry) => entry.isFile()).length;
    for (const name of foldersOf(entries)) waiting.push(join(folder, name));
  }
  return files;
}
