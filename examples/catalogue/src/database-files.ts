import { realpathSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';

/**
 * Returns a function that tells whether a path belongs to the SQLite database at `url`: the file itself, or a file beside it such as its
 * `-wal`. This process must not open these files itself, because closing one would release SQLite's locks on it.
 */
export function databaseFileTest(url: string): (path: string) => boolean {
  if (!url.startsWith('sqlite:') || url === 'sqlite::memory:') return () => false;
  const file = resolve(url.slice('sqlite:'.length).replace(/\?.*$/, ''));
  const database = join(realpathSync(dirname(file)), basename(file));
  return (path) => path.startsWith(database);
}
