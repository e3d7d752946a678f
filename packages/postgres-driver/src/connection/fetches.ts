import type { DataRow } from '../values/data-row.js';

/** What one fetch should bring: enough that round trips hardly matter; with 256 KiB the loop was held twice as long and nothing was gained. */
const FETCHED_BYTES = 128 * 1024;

/** Most rows of one fetch. */
const MOST_ROWS = 5000;

/** How much larger a fetch may be than the one before it. */
const GROWTH = 4;

/** How many rows a cursor is asked for next. */
export class FetchSize {
  readonly #isFixed: boolean;
  #size: number;

  /** @param isFixed asks for no more than `batchSize`, for a statement that does something with each row. */
  constructor(batchSize: number, isFixed: boolean) {
    this.#isFixed = isFixed;
    this.#size = batchSize;
  }

  get value(): number {
    return this.#size;
  }

  /** Learns from what a fetch brought. */
  learn({ rows }: { readonly rows: readonly Pick<DataRow, 'sizeBytes'>[] }): void {
    if (this.#isFixed || rows.length === 0) return;
    let length = 0;
    for (const { sizeBytes } of rows) length += sizeBytes;
    const fitting = Math.floor(FETCHED_BYTES / (length / rows.length));
    this.#size = Math.max(1, Math.min(fitting, MOST_ROWS, GROWTH * this.#size));
  }
}
