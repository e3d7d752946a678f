import { type Failure, toFailure } from './errors/failure.js';
import type { LocalConnection } from './reader/local-connection.js';
import type { ConnectionOptions } from './thread/thread-protocol.js';
import type { Writer } from './writer/writer.js';

/** Opens and closes the file of a database: on the calling thread where that takes a moment, otherwise by the writer. */
export class DatabaseFile {
  readonly #options: ConnectionOptions;
  readonly #writer: Writer;
  #local: LocalConnection | undefined;

  constructor(readerOptions: ConnectionOptions, writer: Writer) {
    this.#options = readerOptions;
    this.#writer = writer;
  }

  /** The connection of the calling thread; `undefined` before the file is open. */
  get local(): LocalConnection | undefined {
    return this.#local;
  }

  /**
   * Opens the file, and checks that it can be read and written. The writer is started for a file that is new or not in WAL mode, and when something is
   * wrong, to say what; with `startsWriter` in any case.
   */
  async open(startsWriter: boolean): Promise<Failure | undefined> {
    // Loads better-sqlite3, on a Node that is known to be new enough.
    const { LocalConnection } = await import('./reader/local-connection.js');
    this.#local = LocalConnection.tryOpen(this.#options);
    const isWriterNeeded = this.#local === undefined || startsWriter;
    const failure = isWriterNeeded ? await this.#writer.open() : undefined;
    if (failure !== undefined || this.#local !== undefined) return failure;
    try {
      this.#local = await LocalConnection.open(this.#options);
      return undefined;
    } catch (error) {
      return toFailure(error, 'open');
    }
  }

  /**
   * Closes the file. The last connection to close removes the WAL, and copies it into the file before: in the writer's thread, unless it is empty. If the
   * files were changed, the local connection is closed last, so that nothing is copied.
   */
  async close(): Promise<void> {
    const local = this.#local;
    if (!this.#writer.isRunning && (local === undefined || local.closeLast())) return;
    if (!this.#writer.isRunning) await this.#writer.open();
    await this.#writer.emptyWal();
    if (local?.isInPlace()) local.close();
    await this.#writer.close();
    local?.close();
  }
}
