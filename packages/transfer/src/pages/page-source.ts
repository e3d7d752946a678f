import { readSync } from 'node:fs';
import { UnreadablePagesError } from './unreadable-pages-error.js';

/** Where the pages of a file are, as one snapshot has them. It can be handed to a thread. */
export interface PagesSnapshot {
  /** Of the database file. It is never closed; see `open-pages.ts`. */
  readonly descriptor: number;
  readonly pageSize: number;
  /** Bytes of a page without those that an extension reserved at its end. */
  readonly usableSize: number;
  readonly pageCount: number;
}

/** Reads pages of one snapshot. */
export class PageSource {
  readonly pageSize: number;
  readonly usableSize: number;
  readonly pageCount: number;
  readonly #descriptor: number;

  constructor({ descriptor, pageSize, usableSize, pageCount }: PagesSnapshot) {
    this.#descriptor = descriptor;
    this.pageSize = pageSize;
    this.usableSize = usableSize;
    this.pageCount = pageCount;
  }

  /** Reads `count` pages that follow each other; pages are numbered from 1. */
  read(first: number, count: number, into: Uint8Array): void {
    if (first < 1 || first + count - 1 > this.pageCount)
      throw new UnreadablePagesError(`Page ${first} is not in the file.`);
    readFully(this.#descriptor, into, count * this.pageSize, (first - 1) * this.pageSize);
  }
}

function readFully(descriptor: number, into: Uint8Array, length: number, position: number): void {
  for (let done = 0; done < length; ) {
    const bytes = readSync(descriptor, into, done, length - done, position + done);
    if (bytes === 0) throw new UnreadablePagesError('The file is shorter than its pages.');
    done += bytes;
  }
}
