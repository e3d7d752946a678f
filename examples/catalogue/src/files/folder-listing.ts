import type { Dirent } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** A file in the file system. */
export interface FoundFile {
  readonly name: string;
  readonly size: bigint;
  /** In milliseconds, because the catalogue stores milliseconds. */
  readonly modifiedAt: Date;
}

/** A folder in the file system. Only files and folders are listed, no symbolic links. */
export interface FolderListing {
  readonly path: string;
  /** `undefined` for the root of the walk. */
  readonly parentPath: string | undefined;
  readonly files: readonly FoundFile[];
  /** Names of files whose metadata could not be read. */
  readonly unreadable: readonly string[];
  /** Names of its subfolders. */
  readonly folders: readonly string[];
}

/** The number of files whose metadata is read concurrently. */
const LOOKS_AT_ONCE = 64;

/** Reads a folder. Returns `undefined` if it cannot be read or does not exist any more. */
export async function listFolder(
  path: string,
  parentPath: string | undefined,
  isExcluded: (path: string) => boolean,
): Promise<FolderListing | undefined> {
  const entries = await readFolder(path);
  if (entries === undefined) return undefined;
  const names = entries.filter((entry) => entry.isFile() && !isExcluded(join(path, entry.name)));
  const files: FoundFile[] = [];
  const unreadable: string[] = [];
  for (let start = 0; start < names.length; start += LOOKS_AT_ONCE) {
    const some = names.slice(start, start + LOOKS_AT_ONCE);
    const found = await Promise.all(some.map(({ name }) => lookAt(path, name)));
    files.push(...found.filter((file) => file !== undefined));
    unreadable.push(...some.filter((_, index) => found[index] === undefined).map(({ name }) => name));
  }
  return { path, parentPath, files, unreadable, folders: foldersOf(entries) };
}

/** Returns the entries of a folder, sorted by name, or `undefined` if it cannot be read or does not exist any more. */
export async function readFolder(path: string): Promise<Dirent[] | undefined> {
  try {
    const entries = await readdir(path, { withFileTypes: true });
    return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch {
    return undefined;
  }
}

/** Returns the names of the folders among the entries. */
export function foldersOf(entries: readonly Dirent[]): string[] {
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
}

async function lookAt(folder: string, name: string): Promise<FoundFile | undefined> {
  try {
    const { size, mtimeMs } = await lstat(join(folder, name));
    return { name, size: BigInt(size), modifiedAt: new Date(Math.trunc(mtimeMs)) };
  } catch {
    return undefined;
  }
}
