import type { PageSource } from './page-source.js';
import type { TreePage } from './tree-page.js';
import { UnreadablePagesError } from './unreadable-pages-error.js';

/** Larger records are left to SQLite: the reader holds few rows at once when rows are large. */
const MAX_RECORD_BYTES = 1024 * 1024;

/** Puts records together that do not fit their page: the rest is in a chain of pages (sqlite.org/fileformat2.html, 1.6). */
export class OverflowReader {
  /** The last record that was read, from 0 on. */
  bytes: Buffer = Buffer.alloc(0);
  view: DataView = new DataView(new ArrayBuffer(0));
  readonly #source: PageSource;
  readonly #page: Buffer;
  readonly #minLocal: number;

  constructor(source: PageSource) {
    this.#source = source;
    this.#page = Buffer.alloc(source.pageSize);
    this.#minLocal = Math.floor(((source.usableSize - 12) * 32) / 255) - 23;
  }

  /** Reads the record of `size` bytes whose first ones are at `at`. */
  read(page: TreePage, at: number, size: number, maxLocal: number): void {
    if (!(size <= MAX_RECORD_BYTES)) throw new UnreadablePagesError('A record is too large.');
    const local = this.#localBytes(size, maxLocal);
    if (at + local + 4 > page.end) throw new UnreadablePagesError('A record is longer than its page.');
    this.#reserve(size);
    page.bytes.copy(this.bytes, 0, at, at + local);
    this.#follow(page.view.getUint32(at + local), local, size);
  }

  #localBytes(size: number, maxLocal: number): number {
    const local = this.#minLocal + ((size - this.#minLocal) % (this.#source.usableSize - 4));
    return local <= maxLocal ? local : this.#minLocal;
  }

  #follow(first: number, from: number, size: number): void {
    let next = first;
    for (let done = from; done < size; ) {
      this.#source.read(next, 1, this.#page);
      next = this.#page.readUInt32BE(0);
      const part = Math.min(size - done, this.#source.usableSize - 4);
      this.#page.copy(this.bytes, done, 4, 4 + part);
      done += part;
    }
    if (next !== 0) throw new UnreadablePagesError('A chain of overflow pages is too long.');
  }

  #reserve(size: number): void {
    if (this.bytes.length >= size) return;
    this.bytes = Buffer.from(new ArrayBuffer(Math.max(size, 2 * this.bytes.length)));
    this.view = new DataView(this.bytes.buffer);
  }
}
