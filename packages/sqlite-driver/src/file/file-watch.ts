import { statSync } from 'node:fs';

/** Which file a path leads to, whatever it is called later; `undefined` for none. */
export function fileIdentity(path: string): string | undefined {
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats === undefined ? undefined : `${stats.dev}:${stats.ino}`;
}

/**
 * Notices when a database or its WAL was deleted or replaced while it was open. SQLite goes on writing to the files it has, which nobody will
 * find again: what it commits then must not be acknowledged.
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

  /** Whether the database is where it was opened. Costs two microseconds. */
  isFileInPlace(): boolean {
    return fileIdentity(this.#path) === this.#file;
  }

  /** Whether its WAL is. */
  isLogInPlace(): boolean {
    return fileIdentity(logOf(this.#path)) === this.#log;
  }
}

function logOf(path: string): string {
  return `${path}-wal`;
}
