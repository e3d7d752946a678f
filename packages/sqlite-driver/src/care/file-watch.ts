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
  readonly #paths: readonly string[];
  readonly #identities: readonly (string | undefined)[];

  constructor(path: string) {
    this.#paths = [path, `${path}-wal`];
    this.#identities = this.#paths.map(fileIdentity);
  }

  /** Costs a few microseconds. */
  isInPlace(): boolean {
    return this.#paths.every((path, index) => fileIdentity(path) === this.#identities[index]);
  }
}
