import type { KeyValue } from '@sluice/core';
import type { DB } from '../db.js';

/** The key of a file. */
export type FileKey = KeyValue<DB, 'file', readonly ['folderPath', 'name']>;

const CAPACITY = 2_000;

/** The files that callers have seen on some page, as a user's next click is on something that was shown. */
export class KnownFiles {
  readonly #keys: FileKey[] = [];
  #next = 0;

  /** Remembers files; the oldest are forgotten. */
  add(keys: readonly FileKey[]): void {
    for (const { folderPath, name } of keys) {
      this.#keys[this.#next] = { folderPath, name };
      this.#next = (this.#next + 1) % CAPACITY;
    }
  }

  /** Any one of them; `undefined` while there is none. */
  pick(): FileKey | undefined {
    return this.#keys[Math.floor(Math.random() * this.#keys.length)];
  }
}
