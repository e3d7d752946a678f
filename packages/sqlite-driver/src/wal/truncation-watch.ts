import { statSync } from 'node:fs';
import type { ThreadConnection } from '../thread/thread-connection.js';
import type { WalState } from '../thread/wal-state.js';

/** Size of the header of a WAL (sqlite.org/fileformat2.html#the_write_ahead_log). */
const HEADER_BYTES = 32;

/**
 * Detects that somebody cut the file or its WAL. SQLite itself makes both shorter: the WAL when it starts over, the file when pages were given back.
 * So a size counts only if no other connection wrote, nor started the WAL over, while it was compared.
 */
export class TruncationWatch {
  readonly #path: string;
  /** The largest size that the file had since it was last found to be whole. */
  #fileBytes = 0;

  constructor(path: string) {
    this.#path = path;
  }

  /** Costs two stats, and more only when the file is shorter than before. Call it outside of transactions. */
  isTruncated(connection: ThreadConnection, state: WalState): boolean {
    const isLogShort = this.#lacksFrames(state);
    const bytes = sizeOf(this.#path);
    if (bytes >= this.#fileBytes) this.#fileBytes = bytes;
    else if (bytes === 0 || this.#isFileShort(connection)) return true;
    return (
      isLogShort && (undisturbed(connection, () => this.#lacksFrames(connection.checkpoint('noop'))) ?? false)
    );
  }

  /** Whether pages are missing that are not in the WAL either. */
  #isFileShort(connection: ThreadConnection): boolean {
    const answer = undisturbed(connection, () => {
      const pages = connection.pageCount();
      const { frames, checkpointed } = connection.checkpoint('noop');
      const bytes = sizeOf(this.#path);
      const missing = bytes < pages * connection.pageBytes;
      if (!missing) this.#fileBytes = bytes;
      return missing && frames === checkpointed;
    });
    return answer ?? false;
  }

  /** Whether frames are missing. Once all are in the file, nobody needs them: the next commit starts the WAL over. */
  #lacksFrames({ frames, checkpointed, frameBytes }: WalState): boolean {
    return frames > checkpointed && sizeOf(`${this.#path}-wal`) < HEADER_BYTES + frames * frameBytes;
  }
}

/** The answer of `ask`, if no other connection changed the database or started the WAL over meanwhile. */
function undisturbed<T>(connection: ThreadConnection, ask: () => T): T | undefined {
  try {
    const version = connection.dataVersion();
    const answer = ask();
    return connection.dataVersion() === version ? answer : undefined;
  } catch {
    // The file cannot be read. The next statement reports the error.
    return undefined;
  }
}

function sizeOf(path: string): number {
  try {
    return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  } catch {
    // Without rights to the folder nothing can be seen.
    return Number.POSITIVE_INFINITY;
  }
}
