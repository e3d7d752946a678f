import { realpathSync } from 'node:fs';
import { ConflictError } from '@sluice/core';

/** Files that this process has open, and how often. SQLite's own locks do not show them to their own process. */
const open = new Map<string, number>();

/** Notes that a file is open; the function returned notes that it is closed. */
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
    // What does not exist is not open.
    return path;
  }
}
