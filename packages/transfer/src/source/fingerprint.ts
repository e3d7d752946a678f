import { createHash, randomUUID } from 'node:crypto';
import { statSync } from 'node:fs';

/** A file that was modified this recently may be modified again with the same timestamp. */
const CLOCK_TICK_MS = 100;

/**
 * A digest of the file system's metadata of a SQLite file and its WAL, which changes with every commit. Take it before the snapshot that it
 * identifies. It does not open the file: closing a file descriptor would release all locks that this process holds on the file
 * (sqlite.org/howtocorrupt.html, 2.2).
 */
export function fingerprintOf(path: string): string {
  const hash = createHash('sha256');
  for (const file of [path, `${path}-wal`]) hash.update(`${describeFile(file)};`);
  return hash.digest('hex').slice(0, 16);
}

function describeFile(path: string): string {
  const found = statSync(path, { bigint: true, throwIfNoEntry: false });
  if (found === undefined || found.size === 0n) return 'empty';
  const isRecent = Date.now() - Number(found.mtimeMs) < CLOCK_TICK_MS;
  return `${found.ino} ${found.size} ${found.mtimeNs} ${isRecent ? randomUUID() : ''}`;
}
