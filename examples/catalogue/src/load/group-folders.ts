import type { FolderListing } from '../files/folder-listing.js';

/** The maximum size of a group. A single folder may be larger. */
export interface GroupLimits {
  readonly folders: number;
  readonly files: number;
}

/** Groups folders in order, so that small folders share their statements. */
export async function* groupFolders(
  listings: AsyncIterable<FolderListing>,
  limits: GroupLimits,
): AsyncGenerator<FolderListing[]> {
  let group: FolderListing[] = [];
  let files = 0;
  for await (const listing of listings) {
    const isFull = group.length === limits.folders || files + listing.files.length > limits.files;
    if (isFull && group.length > 0) {
      yield group;
      group = [];
      files = 0;
    }
    group.push(listing);
    files += listing.files.length;
  }
  if (group.length > 0) yield group;
}
