import { realpathSync } from 'node:fs';
import { ConflictError } from '@sluice/core';

/** Files that this process has open, with the number of openings. SQLite's file locks are not visible to the process that holds them. */
const open = new Map<string, number>();

/** Records that a file is open. The returned function records that it was closed. */
export function noteOpen(path: string): () => void {
  const name = realpathSync(path);
  open.set(name, (open.get(name) ?? 0) + 1);
  return () => {
    const left = (open.get(name) ?? 1) - 1;
    if (left === 0) open.delete(name);
    else open.set(name, left);
  };
}

/** @throws ConflictError when this process has the file open. */
export function assertNotOpenHere(path: string): void {
  if (!open.has(resolveName(path))) return;
  throw new ConflictError('busy', `This process has "${path}" open. Close the storage first.`);
}

function resolveName(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    // A file that does not exist is not open.
    return path;
  }
}
