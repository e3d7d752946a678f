import type { PageWindow } from './page-window.js';
import { UnreadablePagesError } from './unreadable-pages-error.js';

/** What the first byte of a page says (sqlite.org/fileformat2.html, 1.6). */
export const PAGE_KIND = { indexInterior: 2, tableInterior: 5, indexLeaf: 10, tableLeaf: 13 } as const;

/** A page of a B-tree. Its offsets are those of the window that it is in. */
export class TreePage {
  bytes: Buffer = Buffer.alloc(0);
  view: DataView = new DataView(new ArrayBuffer(0));
  isLeaf = false;
  cellCount = 0;
  /** Where its usable bytes end. */
  end = 0;
  #base = 0;
  #cells = 0;

  /** Looks at the page of a tree of tables or indexes that begins at `base`. */
  open({ bytes, view }: PageWindow, base: number, usableSize: number, tree: 'index' | 'table'): void {
    const kind = view.getUint8(base);
    this.isLeaf = kind === (tree === 'table' ? PAGE_KIND.tableLeaf : PAGE_KIND.indexLeaf);
    if (!this.isLeaf && kind !== (tree === 'table' ? PAGE_KIND.tableInterior : PAGE_KIND.indexInterior))
      throw new UnreadablePagesError(`A page of a tree has the kind ${kind}.`);
    this.bytes = bytes;
    this.view = view;
    this.cellCount = view.getUint16(base + 3);
    this.end = base + usableSize;
    this.#base = base;
    this.#cells = base + (this.isLeaf ? 8 : 12);
    if (this.#cells + 2 * this.cellCount > this.end)
      throw new UnreadablePagesError('A page has too many cells.');
  }

  /** Where a cell begins. */
  cell(index: number): number {
    const at = this.#base + this.view.getUint16(this.#cells + 2 * index);
    if (at < this.#cells + 2 * this.cellCount || at >= this.end)
      throw new UnreadablePagesError('A cell is outside its page.');
    return at;
  }

  /** Pages below an interior page, in order: one for each cell, and the right-most one. */
  children(): number[] {
    const children: number[] = [];
    for (let index = 0; index < this.cellCount; index += 1)
      children.push(this.view.getUint32(this.cell(index)));
    children.push(this.view.getUint32(this.#base + 8));
    return children;
  }
}
