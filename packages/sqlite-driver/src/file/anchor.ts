import { setTimeout as delay } from 'node:timers/promises';
import Sqlite from 'better-sqlite3';

const RETRY_MS = 5;

/**
 * A connection that only keeps others from copying the WAL over the file when they are closed, although the file was changed under them.
 *
 * SQLite copies when the last connection is closed: `sqlite3WalClose` takes an EXCLUSIVE lock first. It cannot while another connection of this
 * process has the file open in WAL mode, which holds a SHARED lock until it is closed; within a process SQLite counts these locks itself, so they cannot
 * be lost. And the anchor, closed last, cannot copy either: a descriptor that was opened to read takes no EXCLUSIVE lock.
 *
 * Keep it on the calling thread: when the process ends without closing anything, Node ends other threads before.
 */
export class Anchor {
  readonly #database: Sqlite.Database;

  private constructor(path: string) {
    this.#database = new Sqlite(path, { readonly: true, timeout: 0 });
    try {
      // The lock is taken at the first read.
      this.#database.prepare('select count(*) from sqlite_schema').get();
    } catch (error) {
      this.#database.close();
      throw error;
    }
  }

  /**
   * Opens a file that another connection of this process has open in WAL mode. Retries while another process recovers the WAL.
   *
   * @throws SqliteError
   */
  static async open(path: string, timeoutMs: number): Promise<Anchor> {
    for (const deadline = performance.now() + timeoutMs; ; ) {
      try {
        return new Anchor(path);
      } catch (error) {
        const isBusy = error instanceof Sqlite.SqliteError && error.code.startsWith('SQLITE_BUSY');
        if (!isBusy || performance.now() > deadline) throw error;
        await delay(RETRY_MS);
      }
    }
  }

  /** Lets go of the file. May be called again. */
  close(): void {
    this.#database.close();
  }
}
