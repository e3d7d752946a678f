import type { SqliteThread } from './sqlite-thread.js';
import type { PreparedCounts } from './thread-protocol.js';

/** Sums the hits and misses of the prepared-statement caches of all threads, including those that have ended. */
export class PreparedTotal {
  readonly #threads = new Set<SqliteThread>();
  #hits = 0;
  #misses = 0;

  /** Includes a thread. */
  add(thread: SqliteThread): void {
    this.#threads.add(thread);
    void thread.ended.then(() => {
      this.#threads.delete(thread);
      this.#hits += thread.preparedCounts.hits;
      this.#misses += thread.preparedCounts.misses;
    });
  }

  /** The sum up to now. */
  counts(): PreparedCounts {
    let [hits, misses] = [this.#hits, this.#misses];
    for (const { preparedCounts } of this.#threads) {
      hits += preparedCounts.hits;
      misses += preparedCounts.misses;
    }
    return { hits, misses };
  }
}
