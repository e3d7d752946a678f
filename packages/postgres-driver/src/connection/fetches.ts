import type { DataRow } from '../values/data-row.js';

/** The intended size of one fetch. Round trips hardly matter at this size; 256 KiB blocked the event loop twice as long and were not faster. */
const FETCH_BYTES = 128 * 1024;

/** The maximum number of rows of one fetch. */
const MAX_ROWS = 5000;

/** The maximum ratio of a fetch's rows to those of the previous one. */
const GROWTH = 4;

/** Chooses how many rows the next fetch requests. */
export class FetchSize {
  readonly #isFixed: boolean;
  #size: number;

  /** @param isFixed whether every fetch requests `batchSize` rows, for a statement that may write. */
  constructor(batchSize: number, isFixed: boolean) {
    this.#isFixed = isFixed;
    this.#size = batchSize;
  }

  get value(): number {
    return this.#size;
  }

  /** Adapts the size to the width of the rows that were fetched. */
  learn({ rows }: { readonly rows: readonly Pick<DataRow, 'sizeBytes'>[] }): void {
    if (this.#isFixed || rows.length === 0) return;
    let length = 0;
    for (const { sizeBytes } of rows) length += sizeBytes;
    const fitting = Math.floor(FETCH_BYTES / (length / rows.length));
    this.#size = Math.max(1, Math.min(fitting, MAX_ROWS, GROWTH * this.#size));
  }
}
