import { basename, join } from 'node:path';
import type { Selectable } from 'kysely';
import type { File, Folder } from '../db.js';
import type { FolderListing, FoundFile } from '../files/folder-listing.js';

/** The rows of the catalogue for a group of folders. */
export interface KnownFolders {
  /** The rows of these folders, as far as they exist. */
  readonly folders: readonly Selectable<Folder>[];
  /** The rows of all direct subfolders. */
  readonly children: readonly Selectable<Folder>[];
  readonly files: readonly Selectable<File>[];
}

/** A file that must be read, because it is new or its size or time differs from the catalogue. */
export interface SuspectFile extends FoundFile {
  readonly folderPath: string;
  /** The row of the catalogue, or `undefined` if the file is new. */
  readonly known: Selectable<File> | undefined;
}

/** The rows to insert or update, and the rows to delete. */
export interface Difference {
  readonly newFolders: readonly Selectable<Folder>[];
  readonly suspects: readonly SuspectFile[];
  readonly removedFiles: readonly { readonly folderPath: string; readonly names: readonly string[] }[];
  readonly removedFolders: readonly string[];
  /** The number of files that equal their rows. */
  readonly unchanged: number;
}

/** Compares folders with the catalogue, only by names, sizes and times. */
export function compareFolders(listings: readonly FolderListing[], known: KnownFolders): Difference {
  const folders = new Map(known.folders.map((folder) => [folder.path, folder]));
  const filesOf = Map.groupBy(known.files, ({ folderPath }) => folderPath);
  const suspects = listings.flatMap((listing) => suspectsOf(listing, filesOf.get(listing.path) ?? []));
  const found = listings.reduce((sum, { files }) => sum + files.length, 0);
  return {
    newFolders: listings.map(toFolder).filter((folder) => isNews(folder, folders.get(folder.path))),
    suspects,
    removedFiles: listings
      .map((listing) => ({
        folderPath: listing.path,
        names: removedOf(listing, filesOf.get(listing.path) ?? []),
      }))
      .filter(({ names }) => names.length > 0),
    removedFolders: removedFolders(listings, known.children),
    unchanged: found - suspects.length,
  };
}

function toFolder({ path, parentPath }: FolderListing): Selectable<Folder> {
  return { path, parentPath: parentPath ?? null, name: basename(path) };
}

/** A folder that was catalogued as a root gets its parent when a folder above it is catalogued, and keeps it. */
function isNews(folder: Selectable<Folder>, known: Selectable<Folder> | undefined): boolean {
  return known === undefined || (folder.parentPath !== null && folder.parentPath !== known.parentPath);
}

function suspectsOf({ path, files }: FolderListing, known: readonly Selectable<File>[]): SuspectFile[] {
  const byName = new Map(known.map((file) => [file.name, file]));
  return files
    .map((file) => ({ ...file, folderPath: path, known: byName.get(file.name) }))
    .filter((file) => !looksTheSame(file, file.known));
}

function looksTheSame(found: FoundFile, known: Selectable<File> | undefined): boolean {
  return known?.size === found.size && known.modifiedAt.getTime() === found.modifiedAt.getTime();
}

function removedOf({ files, unreadable }: FolderListing, known: readonly Selectable<File>[]): string[] {
  const there = new Set([...files.map(({ name }) => name), ...unreadable]);
  return known.map(({ name }) => name).filter((name) => !there.has(name));
}

function removedFolders(
  listings: readonly FolderListing[],
  children: readonly Selectable<Folder>[],
): string[] {
  const there = new Set(listings.flatMap(({ path, folders }) => folders.map((name) => join(path, name))));
  return children.map(({ path }) => path).filter((path) => !there.has(path));
}
