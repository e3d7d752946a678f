import { statSync } from 'node:fs';

/** Device and inode of the file at a path, which stay the same when it is renamed; `undefined` when there is no file. */
export function fileIdentity(path: string): string | undefined {
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats === undefined ? undefined : `${stats.dev}:${stats.ino}`;
}

/**
 * Detects that a database or its WAL was deleted or replaced while it was open. SQLite then continues to write to the deleted files, and those
 * commits are lost: they must not be acknowledged.
 */
export class FileWatch {
  readonly #path: string;
  readonly #file: string | undefined;
  readonly #log: string | undefined;

  constructor(path: string) {
    this.#path = path;
    this.#file = fileIdentity(path);
    this.#log = fileIdentity(logOf(path));
  }

  /** Whether the path still leads to the file that was opened. Costs two microseconds. */
  isFileInPlace(): boolean {
    return fileIdentity(this.#path) === this.#file;
  }

  /** The same for its WAL. */
  isLogInPlace(): boolean {
    return fileIdentity(logOf(this.#path)) === this.#log;
  }
}

function logOf(path: string): string {
  return `${path}-wal`;
}
