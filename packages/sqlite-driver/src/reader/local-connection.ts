import { statSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { Row } from '@sluice/core';
import Sqlite from 'better-sqlite3';
import { isBusy, toFailure } from '../errors/failure.js';
import { mendCompanions } from '../file/file-access.js';
import { filesIdentity } from '../file/file-watch.js';
import { ThreadConnection } from '../thread/thread-connection.js';
import type { ConnectionOptions } from '../thread/thread-protocol.js';

const RETRY_MS = 5;

/**
 * The read-only connection of the calling thread, from the opening of the database to its close. It checks the file at opening, so that no thread need
 * be started for that, and serves reads of bounded cost.
 *
 * While it is open, no other connection copies the WAL over the file when it is closed, although the files may have been changed under it. SQLite copies
 * when the last connection is closed: `sqlite3WalClose` takes an EXCLUSIVE lock first. It cannot while another connection of this process has the file
 * open in WAL mode, which holds a SHARED lock until it is closed; within a process SQLite counts these locks itself, so they cannot be lost. And this one
 * cannot copy either: a descriptor that was opened to read takes no EXCLUSIVE lock. When the process ends without closing anything, Node ends other
 * threads before the calling one.
 */
export class LocalConnection {
  readonly #options: ConnectionOptions;
  #connection: ThreadConnection;
  #isOpen = true;

  private constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#connection = ThreadConnection.open(options);
  }

  /**
   * Opens a database that exists, is in WAL mode and can be written. `undefined` when there is none, or when that fails: the writer creates it, waits for
   * locks, and reports what is wrong.
   */
  static tryOpen(options: ConnectionOptions): LocalConnection | undefined {
    let local: LocalConnection | undefined;
    try {
      if (sizeOf(options.path) === 0) return undefined;
      mendCompanions(options.path);
      local = new LocalConnection(options);
      if (local.#isInWalMode()) {
        proveWritable(options.path);
        return local.#identified();
      }
    } catch {
      // Reported by the writer.
    }
    local?.close();
    return undefined;
  }

  /**
   * Opens a database that another connection of this process has open in WAL mode. Retries while another process recovers the WAL.
   *
   * @throws SqliteError
   */
  static async open(options: ConnectionOptions): Promise<LocalConnection> {
    for (const deadline = performance.now() + options.openTimeoutMs; ; ) {
      try {
        return new LocalConnection(options).#identified();
      } catch (error) {
        if (!isBusy(toFailure(error, 'open')) || performance.now() > deadline) throw error;
        await delay(RETRY_MS);
      }
    }
  }

  /** The connection; another one after a call of this method has renewed it. */
  renewed(): ThreadConnection {
    this.#connection = this.#connection.renewed();
    return this.#connection;
  }

  /** Whether the files are those that were opened. */
  isInPlace(): boolean {
    return this.#connection.files.isInPlace();
  }

  /**
   * Reads the rows of some short statements in one snapshot. `undefined` when the file cannot be read at once, or when the schema has more than
   * `mostEntries` tables and indexes, so that reading about them would take long.
   */
  readSchema(statements: readonly string[], mostEntries: number): Row[][] | undefined {
    const connection = this.renewed();
    try {
      connection.begin('begin');
      const [schema] = connection.rows<{ entries: number }>('select count(*) as entries from sqlite_schema');
      if (schema === undefined || schema.entries > mostEntries) return undefined;
      return statements.map((sql) => connection.rows<Row>(sql));
    } catch {
      return undefined;
    } finally {
      connection.rollback();
    }
  }

  /**
   * Closes the file if no other connection of this process is to be closed after it, and removes the WAL. False when the WAL may hold what is not yet in
   * the file: copying it takes time, so that is for the writer.
   */
  closeLast(): boolean {
    if (!this.isInPlace()) return this.close();
    const { path } = this.#options;
    if (sizeOf(`${path}-wal`) > 0) return false;
    // The last connection to close removes the WAL, which a read-only one cannot.
    withWritable(path, () => this.close());
    return true;
  }

  /** Closes it. May be called again. */
  close(): true {
    if (this.#isOpen) this.#connection.close();
    this.#isOpen = false;
    return true;
  }

  #isInWalMode(): boolean {
    const [row] = this.#connection.pragma('journal_mode') as { journal_mode: string }[];
    return row?.journal_mode === 'wal';
  }

  /** Lets all connections that are opened later check that they open the same files. */
  #identified(): this {
    this.#options.files.identity = filesIdentity(this.#options.path);
    return this;
  }
}

/** Writes, and rolls back. SQLite opens a file without write permission as read-only and reports it only at the first write. */
function proveWritable(path: string): void {
  const database = new Sqlite(path, { timeout: 0 });
  try {
    database.exec('begin immediate');
    database.pragma(`user_version = ${database.pragma('user_version', { simple: true })}`);
  } catch (error) {
    if (!isBusy(toFailure(error, 'open'))) throw error;
  } finally {
    if (database.inTransaction) database.exec('rollback');
    database.close();
  }
}

/** Has the file open for writing during `work`. Without that, where it cannot be opened. */
function withWritable(path: string, work: () => void): void {
  let database: Sqlite.Database | undefined;
  try {
    database = new Sqlite(path, { timeout: 0 });
    // The file is opened in WAL mode at the first read.
    database.prepare('select count(*) from sqlite_schema').get();
  } catch {
    // The WAL stays, and the next connection finds it.
  }
  work();
  database?.close();
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
