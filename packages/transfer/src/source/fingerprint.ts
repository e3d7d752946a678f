import { createHash, randomUUID } from 'node:crypto';
import { statSync } from 'node:fs';

/** A file written to so shortly ago may be written to again within the same tick of its clock. */
const CLOCK_TICK_MS = 100;

/**
 * Changes with every commit to a SQLite file: a digest of what the file system tells of it and its WAL. Take it before the snapshot that
 * it stands for. The file itself is not opened: closing it again would take away every lock that this process has on it
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
  const isFresh = Date.now() - Number(found.mtimeMs) < CLOCK_TICK_MS;
  return `${found.ino} ${found.size} ${found.mtimeNs} ${isFresh ? randomUUID() : ''}`;
}
