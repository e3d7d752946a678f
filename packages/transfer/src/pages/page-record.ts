import { OverflowReader } from './overflow-reader.js';
import type { PageSource } from './page-source.js';
import type { TreePage } from './tree-page.js';
import { UnreadablePagesError } from './unreadable-pages-error.js';
import { readVarint, varint } from './varint.js';

/** Bytes of a value by its serial type; those of text and blobs are in the type itself (sqlite.org/fileformat2.html, 2.1). */
const SIZES = Uint8Array.of(0, 1, 2, 3, 4, 6, 8, 8, 0, 0);

/** The record of a row, as its bytes: a serial type and an offset for each field. One is used again for each row. */
export class PageRecord {
  bytes: Buffer = Buffer.alloc(0);
  view: DataView = new DataView(new ArrayBuffer(0));
  /** 0 in a table without one. */
  rowid = 0;
  /** Fields that are there: a record is older than the columns that ALTER TABLE added behind them. */
  count = 0;
  /** Bytes of the whole record. */
  size = 0;
  readonly types: Int32Array;
  readonly offsets: Int32Array;
  readonly #overflow: OverflowReader;
  readonly #tableLocal: number;
  readonly #indexLocal: number;

  /** `width`: how many columns the table stores. */
  constructor(source: PageSource, width: number) {
    this.types = new Int32Array(width);
    this.offsets = new Int32Array(width);
    this.#overflow = new OverflowReader(source);
    this.#tableLocal = source.usableSize - 35;
    this.#indexLocal = Math.floor(((source.usableSize - 12) * 64) / 255) - 23;
  }

  /** Reads the cell of a leaf of a table. */
  readTableCell(page: TreePage, at: number): void {
    readVarint(page.view, at);
    const size = varint.value;
    readVarint(page.view, varint.end);
    this.rowid = varint.value;
    this.#readPayload(page, varint.end, size, this.#tableLocal);
  }

  /** Reads the cell of an index, behind the number of the child that it has in an interior page. */
  readIndexCell(page: TreePage, at: number): void {
    readVarint(page.view, at);
    this.#readPayload(page, varint.end, varint.value, this.#indexLocal);
  }

  /** Length of the field's text or blob. */
  lengthOf(index: number): number {
    return ((this.types[index] as number) - 12) >>> 1;
  }

  #readPayload(page: TreePage, at: number, size: number, maxLocal: number): void {
    this.size = size;
    if (size <= maxLocal) {
      // Not a number is refused, too.
      if (!(at + size <= page.end)) throw new UnreadablePagesError('A record is longer than its page.');
      this.bytes = page.bytes;
      this.view = page.view;
      this.#readHeader(at, at + size);
      return;
    }
    this.#overflow.read(page, at, size, maxLocal);
    this.bytes = this.#overflow.bytes;
    this.view = this.#overflow.view;
    this.#readHeader(0, size);
  }

  #readHeader(start: number, end: number): void {
    const { view, types, offsets } = this;
    readVarint(view, start);
    let at = varint.end;
    let offset = start + varint.value;
    const bodyStart = offset;
    let count = 0;
    while (at < bodyStart) {
      let type = view.getUint8(at);
      at += 1;
      if (type >= 0x80) {
        type = longType(view, at - 1);
        at = varint.end;
      }
      // 10 and 11 are for SQLite itself.
      if (count >= types.length || type === 10 || type === 11)
        throw new UnreadablePagesError('A record has a field that its table has not.');
      types[count] = type;
      offsets[count] = offset;
      count += 1;
      offset += type >= 12 ? (type - 12) >>> 1 : (SIZES[type] as number);
    }
    if (at !== bodyStart || offset !== end)
      throw new UnreadablePagesError('The header of a record does not fit its size.');
    this.count = count;
  }
}

function longType(view: DataView, at: number): number {
  readVarint(view, at);
  if (!(varint.value >= 12 && varint.value < 2 ** 31))
    throw new UnreadablePagesError('A field is too large.');
  return varint.value;
}
