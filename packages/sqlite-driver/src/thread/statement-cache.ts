/** How many prepared statements are kept, unless told. */
const MOST_STATEMENTS = 500;

/** How much memory they may take, by {@link estimateBytes}. */
const MOST_BYTES = 16 * 2 ** 20;

/** How much those may take that were removed, and that only the garbage collection of the thread frees, whenever that comes. */
const MOST_REMOVED_BYTES = 16 * 2 ** 20;

/** Prepared statements by their text. The least recently used is removed when there are too many, or when they take too much memory. */
export class StatementCache<S> {
  readonly #statements = new Map<string, S>();
  readonly #most: number;
  #bytes = 0;
  #removedBytes = 0;

  constructor(most: number = MOST_STATEMENTS) {
    this.#most = most;
  }

  /** Whether the removed statements take so much memory that their connection should be closed, which frees them for sure. */
  get isWorn(): boolean {
    return this.#removedBytes > MOST_REMOVED_BYTES;
  }

  /** Counts anew what was removed. */
  resetWear(): void {
    this.#removedBytes = 0;
  }

  get(sql: string): S | undefined {
    const statement = this.#statements.get(sql);
    if (statement === undefined) return undefined;
    this.#statements.delete(sql);
    this.#statements.set(sql, statement);
    return statement;
  }

  add(sql: string, statement: S): void {
    this.#statements.set(sql, statement);
    this.#bytes += estimateBytes(sql);
    while (this.#statements.size > this.#most || this.#bytes > MOST_BYTES) this.#removeOldest();
  }

  clear(): void {
    this.#statements.clear();
    this.#removedBytes += this.#bytes;
    this.#bytes = 0;
  }

  #removeOldest(): void {
    const [oldest = ''] = this.#statements.keys();
    this.#statements.delete(oldest);
    const bytes = estimateBytes(oldest);
    this.#bytes -= bytes;
    this.#removedBytes += bytes;
  }
}

/** Beyond this length a text has long literals rather than more columns. */
const DENSE_LENGTH = 2000;

/** About what SQLite needs for a statement, from the length of its text: an INSERT of 17 columns with 430 characters takes 25 KB. */
function estimateBytes(sql: string): number {
  return 2048 + 60 * Math.min(sql.length, DENSE_LENGTH) + 4 * sql.length;
}
