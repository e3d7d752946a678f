import { join } from 'node:path';
import { type FolderListing, foldersOf, listFolder, readFolder } from './folder-listing.js';

/** How a tree is walked. */
export interface WalkOptions {
  /** Files that are passed over, by path. */
  readonly isExcluded: (path: string) => boolean;
  /** Told of each folder that cannot be read. */
  readonly onUnreadable: (path: string) => void;
}

/** Every folder of a tree, parents before their children, in the order of names. Each real folder is visited once. */
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

/** How many files a tree has, without looking at any. */
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
