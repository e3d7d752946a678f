import type { KeyValue } from '@sluice/core';
import type { DB } from '../db.js';

/** The key of a file. */
export type FileKey = KeyValue<DB, 'file', readonly ['folderPath', 'name']>;

const CAPACITY = 2_000;

/** The files that callers have seen on a page. The next operation of a caller uses one of them. */
export class KnownFiles {
  readonly #keys: FileKey[] = [];
  #next = 0;

  /** Adds files. The oldest ones are removed. */
  add(keys: readonly FileKey[]): void {
    for (const { folderPath, name } of keys) {
      this.#keys[this.#next] = { folderPath, name };
      this.#next = (this.#next + 1) % CAPACITY;
    }
  }

  /** Returns a random file, or `undefined` if there is none yet. */
  pick(): FileKey | undefined {
    return this.#keys[Math.floor(Math.random() * this.#keys.length)];
  }
}
