import { closeSync, fsyncSync, linkSync, openSync, renameSync, unlinkSync } from 'node:fs';
import { dirname } from 'node:path';

/** Renames a finished file to a name that does not exist yet. Fails with `EEXIST` when it exists. */
export function putInPlace(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch (error) {
    if (!hasNoLinks(error)) throw error;
    // A file system without hard links, such as FAT: an empty file takes the name first, and the finished one replaces it.
    closeSync(openSync(to, 'wx', 0o600));
    renameSync(from, to);
    return;
  }
  unlinkSync(from);
}

/** Flushes the folder of a file, so that a new name in it survives power loss. */
export function syncFolder(path: string): void {
  // Windows cannot open a folder, and flushes names by itself.
  if (process.platform === 'win32') return;
  const folder = openSync(dirname(path), 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

/** Whether an error says that the file system has no hard links. */
export function hasNoLinks(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return code === 'EPERM' || code === 'ENOTSUP' || code === 'EOPNOTSUPP' || code === 'ENOSYS';
}
