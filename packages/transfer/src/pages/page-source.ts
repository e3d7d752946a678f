import { UnreadablePagesError } from './unreadable-pages-error.js';
import { readSome, WalPages, type WalSnapshot } from './wal-pages.js';

/** Where the pages of a file are, as one snapshot has them. It can be handed to a thread. */
export interface PagesSnapshot {
  /** Of the database file. It is never closed; see `open-pages.ts`. */
  readonly descriptor: number;
  readonly pageSize: number;
  /** Bytes of a page without those that an extension reserved at its end. */
  readonly usableSize: number;
  readonly pageCount: number;
  /** Pages that are not in the file yet. */
  readonly wal: WalSnapshot | undefined;
}

/** Reads pages of one snapshot. */
export class PageSource {
  readonly pageSize: number;
  readonly usableSize: number;
  readonly pageCount: number;
  readonly #descriptor: number;
  readonly #wal: WalPages | undefined;

  constructor({ descriptor, pageSize, usableSize, pageCount, wal }: PagesSnapshot) {
    this.#descriptor = descriptor;
    this.#wal = wal && new WalPages(wal);
    this.pageSize = pageSize;
    this.usableSize = usableSize;
    this.pageCount = pageCount;
  }

  /** Reads `count` pages that follow each other; pages are numbered from 1. */
  read(first: number, count: number, into: Uint8Array): void {
    const { pageSize, pageCount } = this;
    if (first < 1 || first + count - 1 > pageCount)
      throw new UnreadablePagesError(`Page ${first} is not in the file.`);
    if (this.#wal !== undefined && this.#readFromWal(this.#wal, first, count, into)) return;
    const bytes = readSome(this.#descriptor, into, 0, count * pageSize, (first - 1) * pageSize);
    for (let index = 0; index < count; index += 1) {
      if (this.#wal?.read(first + index, into, index * pageSize, pageSize) === true) continue;
      if ((index + 1) * pageSize > bytes)
        throw new UnreadablePagesError('The file is shorter than its pages.');
    }
  }

  /** A single page that is in the log needs no look at the file. */
  #readFromWal(wal: WalPages, first: number, count: number, into: Uint8Array): boolean {
    return count === 1 && wal.read(first, into, 0, this.pageSize);
  }
}
