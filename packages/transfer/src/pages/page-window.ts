import type { PageSource } from './page-source.js';

const WINDOW_BYTES = 256 * 1024;

/** Pages of others that are read along when they stand between two that are wanted. */
const MAX_GAP = 4;

/** Memory for a few pages of one level of a tree. Children that stand near each other in the file are read at once. */
export class PageWindow {
  readonly bytes: Buffer;
  readonly view: DataView;
  readonly #source: PageSource;
  readonly #capacity: number;
  #first = 0;
  #last = -1;

  constructor(source: PageSource) {
    this.#source = source;
    this.#capacity = Math.max(1, Math.floor(WINDOW_BYTES / source.pageSize));
    this.bytes = Buffer.from(new ArrayBuffer(this.#capacity * source.pageSize));
    this.view = new DataView(this.bytes.buffer);
  }

  /** Where the page `pages[index]` begins in the window; it is read when it is not there, with those that follow it in `pages`. */
  load(pages: readonly number[], index: number): number {
    const page = pages[index] as number;
    if (page < this.#first || page > this.#last) this.#read(pages, index, page);
    return (page - this.#first) * this.#source.pageSize;
  }

  #read(pages: readonly number[], index: number, first: number): void {
    let last = first;
    for (let at = index + 1; at < pages.length; at += 1) {
      const next = pages[at] as number;
      if (next <= last || next - last > MAX_GAP || next - first >= this.#capacity) break;
      last = next;
    }
    this.#last = -1;
    this.#source.read(first, last - first + 1, this.bytes);
    this.#first = first;
    this.#last = last;
  }
}
