/** The version of this package, which the threads of a bundled application must have too. */
export const PACKAGE_VERSION = '0.1.0';

/** The oldest Node that better-sqlite3 13 supports; older ones crash when the native module is loaded. */
export const OLDEST_NODE = '22.14.0';

/** The first SQLite without the WAL-reset bug, which can corrupt a file that several connections use (sqlite.org/wal.html). */
export const OLDEST_SQLITE = '3.51.3';

/** Whether a version is `oldest` or newer. A pre-release such as `23.0.0-nightly` counts as its release. */
export function isAtLeast(version: string, oldest: string): boolean {
  const given = toNumbers(version);
  for (const [index, part] of toNumbers(oldest).entries()) {
    const difference = (given[index] ?? 0) - part;
    if (difference !== 0) return difference > 0;
  }
  return true;
}

function toNumbers(version: string): number[] {
  const [release = ''] = version.split('-');
  return release.split('.').map(Number);
}
