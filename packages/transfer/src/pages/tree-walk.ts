import type { PageRecord } from './page-record.js';
import type { PageSource } from './page-source.js';
import { PageWindow } from './page-window.js';
import { TreePage } from './tree-page.js';
import { UnreadablePagesError } from './unreadable-pages-error.js';
import { readVarint, varint } from './varint.js';

/** SQLite's own limit (btreeInt.h, BTCURSOR_MAX_DEPTH). */
const MAX_DEPTH = 20;

/** A page of each level on the way down. */
interface Level {
  readonly window: PageWindow;
  readonly page: TreePage;
}

/** What the walks of both kinds of trees share: the way to a page, checked. */
class TreeWalk {
  protected readonly record: PageRecord;
  readonly #source: PageSource;
  readonly #tree: 'index' | 'table';
  readonly #levels: Level[] = [];

  constructor(source: PageSource, record: PageRecord, tree: 'index' | 'table') {
    this.#source = source;
    this.record = record;
    this.#tree = tree;
  }

  /** The page `pages[index]` of a level; good until the next of that level. */
  protected open(depth: number, pages: readonly number[], index: number): TreePage {
    if (depth >= MAX_DEPTH) throw new UnreadablePagesError('A tree is too deep.');
    this.#levels[depth] ??= { window: new PageWindow(this.#source), page: new TreePage() };
    const { window, page } = this.#levels[depth];
    page.open(window, window.load(pages, index), this.#source.usableSize, this.#tree);
    // The root of an empty table has no cell; of no other page is it so.
    if (page.cellCount === 0 && depth > 0) throw new UnreadablePagesError('A page of a tree is empty.');
    return page;
  }
}

/** Visits the rows of a table with rowids, in their order. */
export class TableWalk extends TreeWalk {
  readonly #onRow: () => void;
  #from = 0;
  #to = 0;
  /** The rowid of the last row that was visited, or what every row so far is at most. */
  #last = Number.NEGATIVE_INFINITY;

  /** `onRow` finds the row in `record`. */
  constructor(source: PageSource, record: PageRecord, onRow: () => void) {
    super(source, record, 'table');
    this.#onRow = onRow;
  }

  /** Visits the rows from one rowid to another, both included. Throws {@link UnreadablePagesError}, or RangeError. */
  walk(root: number, from: number, to: number): void {
    this.#from = from;
    this.#to = to;
    this.#last = Number.NEGATIVE_INFINITY;
    this.#visit(0, [root], 0);
  }

  #visit(depth: number, pages: readonly number[], index: number): void {
    const page = this.open(depth, pages, index);
    if (page.isLeaf) this.#visitLeaf(page);
    else this.#visitChildren(depth, page);
  }

  #visitChildren(depth: number, page: TreePage): void {
    const children = page.children();
    for (let index = 0; index < children.length && this.#last < this.#to; index += 1) {
      const isLast = index === page.cellCount;
      // The greatest rowid below a child, or more than that.
      const key = isLast ? this.#to : rowidKey(page, index);
      if (key < this.#from) continue;
      this.#visit(depth + 1, children, index);
      if (isLast) return;
      if (this.#last > key) throw new UnreadablePagesError('A row is below a key that is less than its own.');
      this.#last = key;
    }
  }

  #visitLeaf(page: TreePage): void {
    const { record } = this;
    for (let index = 0; index < page.cellCount; index += 1) {
      record.readTableCell(page, page.cell(index));
      const { rowid } = record;
      // Not a number, beyond 2^53, is refused, too. As rowids only grow, a damaged tree cannot lead in circles.
      if (!(rowid > this.#last)) throw new UnreadablePagesError('Rows are out of order.');
      this.#last = rowid;
      if (rowid > this.#to) return;
      if (rowid >= this.#from) this.#onRow();
    }
  }
}

function rowidKey(page: TreePage, index: number): number {
  readVarint(page.view, page.cell(index) + 4);
  if (Number.isNaN(varint.value)) throw new UnreadablePagesError('A rowid is beyond 2^53.');
  return varint.value;
}

/** Visits the rows of a table without rowids, which is an index that holds whole rows, in its order. */
export class IndexWalk extends TreeWalk {
  readonly #onRow: () => void;
  readonly #visited: Uint8Array;

  /** `onRow` finds the row in `record`. */
  constructor(source: PageSource, record: PageRecord, onRow: () => void) {
    super(source, record, 'index');
    this.#onRow = onRow;
    this.#visited = new Uint8Array((source.pageCount >>> 3) + 1);
  }

  /** Visits all rows. Throws {@link UnreadablePagesError}, or RangeError. */
  walk(root: number): void {
    this.#visited.fill(0);
    this.#visit(0, [root], 0);
  }

  #visit(depth: number, pages: readonly number[], index: number): void {
    this.#mark(pages[index] as number);
    const page = this.open(depth, pages, index);
    const children = page.isLeaf ? [] : page.children();
    for (let cell = 0; cell < page.cellCount; cell += 1) {
      if (!page.isLeaf) this.#visit(depth + 1, children, cell);
      this.record.readIndexCell(page, page.cell(cell) + (page.isLeaf ? 0 : 4));
      this.#onRow();
    }
    if (!page.isLeaf) this.#visit(depth + 1, children, page.cellCount);
  }

  /** Every page is below one other, unless a tree is damaged and leads in circles. */
  #mark(page: number): void {
    const bit = 1 << (page & 7);
    const byte = this.#visited[page >>> 3];
    if (byte === undefined || (byte & bit) !== 0)
      throw new UnreadablePagesError('A page is in a tree twice.');
    this.#visited[page >>> 3] = byte | bit;
  }
}
