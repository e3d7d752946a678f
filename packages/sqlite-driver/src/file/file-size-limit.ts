import { readFileSync, statSync } from 'node:fs';

/**
 * Whether a file has as many bytes as this process may write to one (`ulimit -f`). A write beyond that fails with EFBIG, which SQLite reports
 * as it reports a broken disk; but the system writes the bytes up to the limit first (write(2)), so that the file is then exactly as large.
 */
export function hasReachedSizeLimit(path: string): boolean {
  const limit = fileSizeLimit();
  if (limit === undefined) return false;
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  return size >= limit;
}

/** RLIMIT_FSIZE, in bytes; `undefined` when there is none, and where the system does not tell it in a file, as Linux does. */
function fileSizeLimit(): number | undefined {
  try {
    const limits = readFileSync('/proc/self/limits', 'utf8');
    const soft = /^Max file size +(\d+) /m.exec(limits)?.[1];
    return soft === undefined ? undefined : Number(soft);
  } catch {
    // Not Linux, or /proc is not there: the error stays what SQLite says it is.
    return undefined;
  }
}
