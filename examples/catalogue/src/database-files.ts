import { realpathSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';

/**
 * Tells whether a path belongs to the SQLite database behind `url`: the file, or one beside it such as its `-wal`. The process must not open those
 * itself: closing one would release the locks that SQLite holds on it.
 */
export function databaseFileTest(url: string): (path: string) => boolean {
  if (!url.startsWith('sqlite:') || url === 'sqlite::memory:') return () => false;
  const file = resolve(url.slice('sqlite:'.length).replace(/\?.*$/, ''));
  const database = join(realpathSync(dirname(file)), basename(file));
  return (path) => path.startsWith(database);
}
