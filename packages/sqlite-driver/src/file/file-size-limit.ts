import { readFileSync, statSync } from 'node:fs';

/**
 * Whether a file has reached the largest size that this process may write (`ulimit -f`). A write beyond it fails with EFBIG, which SQLite
 * reports like a disk error. The system first writes the bytes up to the limit (write(2)), so the file then has exactly that size.
 */
export function hasReachedSizeLimit(path: string): boolean {
  const limit = fileSizeLimit();
  if (limit === undefined) return false;
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  return size >= limit;
}

/** RLIMIT_FSIZE in bytes. `undefined` when there is no limit, and on systems other than Linux, which do not show it in a file. */
function fileSizeLimit(): number | undefined {
  try {
    const limits = readFileSync('/proc/self/limits', 'utf8');
    const soft = /^Max file size +(\d+) /m.exec(limits)?.[1];
    return soft === undefined ? undefined : Number(soft);
  } catch {
    // Not Linux, or no /proc: the error is then reported as SQLite reports it.
    return undefined;
  }
}
