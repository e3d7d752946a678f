import type { RawRows } from './postgres-raw-result.js';

/** What one fetch should bring: enough that round trips do not matter, little enough to hold twice. */
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
  learn({ rows }: RawRows): void {
    if (this.#isFixed || rows.length === 0) return;
    let length = 0;
    for (const row of rows) for (const value of row) length += value?.length ?? 0;
    const fitting = Math.floor(FETCHED_BYTES / (1 + length / rows.length));
    this.#size = Math.max(1, Math.min(fitting, MOST_ROWS, GROWTH * this.#size));
  }
}
