import { closeSync, fsyncSync, linkSync, openSync, renameSync, unlinkSync } from 'node:fs';
import { dirname } from 'node:path';

/** Gives a finished file its name, which no other file may have. Fails with `EEXIST` when one has. */
export function putInPlace(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch (error) {
    if (!hasNoLinks(error)) throw error;
    // A memory card or stick with FAT: the name is taken by an empty file first, which the finished one then replaces.
    closeSync(openSync(to, 'wx'));
    renameSync(from, to);
    return;
  }
  unlinkSync(from);
}

/** Makes the names in a file's folder survive power loss. */
export function syncFolder(path: string): void {
  // Windows cannot open a folder, and writes names by itself.
  if (process.platform === 'win32') return;
  const folder = openSync(dirname(path), 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

/** Whether a file system said that it has no hard links. */
export function hasNoLinks(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return code === 'EPERM' || code === 'ENOTSUP' || code === 'EOPNOTSUPP' || code === 'ENOSYS';
}
