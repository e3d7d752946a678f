import type { Anchor } from './anchor.js';
import { FileWatch, filesIdentity, hasChanged, newOpenFiles, type OpenFiles } from './file-watch.js';

/** The files of a database from when it is opened until it is closed, on the calling thread. */
export class HeldFiles {
  /** For all threads of the database. */
  readonly shared: OpenFiles = newOpenFiles();
  readonly #path: string;
  readonly #openTimeoutMs: number;
  #anchor: Anchor | undefined;
  #watch: FileWatch | undefined;

  constructor(path: string, openTimeoutMs: number) {
    this.#path = path;
    this.#openTimeoutMs = openTimeoutMs;
  }

  /** Whether somebody changed them, so that nothing more may be executed. */
  get hasChanged(): boolean {
    return hasChanged(this.shared);
  }

  /**
   * Takes hold of them, once another connection of this process has opened them.
   *
   * @throws SqliteError
   */
  async hold(): Promise<undefined> {
    // Keeps better-sqlite3 from being loaded before the threads start.
    const { Anchor } = await import('./anchor.js');
    this.#anchor = await Anchor.open(this.#path, this.#openTimeoutMs);
    this.shared.identity = filesIdentity(this.#path);
    this.#watch = new FileWatch(this.#path, this.shared);
  }

  /** Lets go of them if they are in place. The connection that is closed next takes the WAL with it; otherwise it must not copy it. */
  letGo(): void {
    if (this.#watch?.isInPlace()) this.#anchor?.close();
  }

  /** Lets go of them in any case, once all other connections are closed. */
  release(): void {
    this.#anchor?.close();
  }
}
