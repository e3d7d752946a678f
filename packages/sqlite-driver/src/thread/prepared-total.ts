import type { SqliteThread } from './sqlite-thread.js';
import type { PreparedCounts } from './thread-protocol.js';

/** Adds up how statements were found prepared, over the threads there are and were. */
export class PreparedTotal {
  readonly #threads = new Set<SqliteThread>();
  #hits = 0;
  #misses = 0;

  /** Counts a thread in. */
  add(thread: SqliteThread): void {
    this.#threads.add(thread);
    void thread.ended.then(() => {
      this.#threads.delete(thread);
      this.#hits += thread.preparedCounts.hits;
      this.#misses += thread.preparedCounts.misses;
    });
  }

  counts(): PreparedCounts {
    let [hits, misses] = [this.#hits, this.#misses];
    for (const { preparedCounts } of this.#threads) {
      hits += preparedCounts.hits;
      misses += preparedCounts.misses;
    }
    return { hits, misses };
  }
}
