import type { Dirent } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** A file as the file system has it. */
export interface FoundFile {
  readonly name: string;
  readonly size: bigint;
  /** To the millisecond, which is what the catalogue stores. */
  readonly modifiedAt: Date;
}

/** One folder as the file system has it. Symbolic links and anything but files and folders are left out. */
export interface FolderListing {
  readonly path: string;
  /** `undefined` for the folder the walk began with. */
  readonly parentPath: string | undefined;
  readonly files: readonly FoundFile[];
  /** Names of the files that are there but could not be looked at. */
  readonly unreadable: readonly string[];
  /** Names of the folders in it. */
  readonly folders: readonly string[];
}

/** How many files are looked at together. */
const LOOKS_AT_ONCE = 64;

/** Reads one folder; `undefined` when it cannot be read or is gone. */
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

/** The entries of a folder by name; `undefined` when it cannot be read or is gone. */
export async function readFolder(path: string): Promise<Dirent[] | undefined> {
  try {
    const entries = await readdir(path, { withFileTypes: true });
    return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch {
    return undefined;
  }
}

/** Names of the folders among entries. */
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
