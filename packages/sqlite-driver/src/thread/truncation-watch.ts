import { type Stats, statSync } from 'node:fs';
import { pagesInWal, WAL_HEADER_BYTES } from './wal-frames.js';
import type { CheckpointMode, WalState } from './wal-state.js';
import { WalTail } from './wal-tail.js';

/** Unit of the blocks in the result of stat. */
const BLOCK_BYTES = 512;

/** SQLite never uses the page with this byte of the file (sqlite.org/fileformat2.html#the_lock_byte_page). */
const LOCK_BYTE = 2 ** 30;

/** What it asks a connection. */
interface WatchedConnection {
  readonly pageBytes: number;
  pageCount(): number;
  dataVersion(): unknown;
  checkpoint(mode: CheckpointMode): WalState & { readonly isBusy: boolean };
}

/**
 * Detects that somebody cut the file or its WAL. SQLite does not: it goes on writing behind the end that it remembers, and copies the zeros before
 * that into the file. But SQLite itself makes both shorter too: the WAL when it starts over, the file when pages were given back. So a size counts
 * only if the pages that are missing are nowhere else.
 */
export class TruncationWatch {
  readonly #connection: WatchedConnection;
  readonly #path: string;
  readonly #tail: WalTail;
  /** The largest size that the file had since it was last found to be whole. */
  #fileBytes = 0;

  constructor(connection: WatchedConnection, path: string) {
    this.#connection = connection;
    this.#path = path;
    this.#tail = new WalTail(path);
  }

  /**
   * Whether the WAL is shorter than at the last look. While the connection holds the write lock, SQLite does not shorten it; otherwise ask
   * {@link isTruncated}. Costs one read.
   */
  isWalShorter(): boolean {
    return this.#tail.isShorter();
  }

  /** Closes the WAL. The database is not closed by it. */
  close(): void {
    this.#tail.close();
  }

  /** Whether something was cut off. Costs two stats, and more only when something is shorter than before. Call it outside of transactions. */
  isTruncated(state: WalState): boolean {
    const wal = this.#wal().size;
    const isWalCut = wal < neededBytes(state) && this.#lacksFrames();
    this.#tail.startAt(wal);
    return isWalCut || this.#isFileCut();
  }

  /**
   * The same, before something is copied from the WAL into the file: it also finds what was cut off the WAL, and then written over, where the file system
   * tells that the WAL has a hole.
   */
  isUnfitToCopy(state: WalState): boolean {
    if (this.isTruncated(state)) return true;
    const { size, blocks } = this.#wal();
    return blocks * BLOCK_BYTES < size && this.#lacksFrames();
  }

  /** Whether frames are missing. Those that are all in the file are needed no more if the WAL can start over now. */
  #lacksFrames(): boolean {
    if (!this.#isWalHollow()) return false;
    const { frames, checkpointed } = this.#connection.checkpoint('noop');
    return frames > checkpointed || this.#connection.checkpoint('restart').isBusy;
  }

  #isWalHollow(): boolean {
    try {
      return this.#pagesInWal() === undefined;
    } catch {
      // The WAL cannot be read. What happens next reports the error.
      return false;
    }
  }

  #isFileCut(): boolean {
    const bytes = sizeOf(this.#path);
    if (bytes >= this.#fileBytes) this.#fileBytes = bytes;
    return bytes === 0 || (bytes < this.#fileBytes && this.#isFileShort());
  }

  /** Whether pages are missing that are not in the WAL either. */
  #isFileShort(): boolean {
    const answer = this.#undisturbed(() => {
      const { pageBytes } = this.#connection;
      const pages = this.#connection.pageCount();
      const bytes = sizeOf(this.#path);
      const inWal = bytes < pages * pageBytes ? this.#pagesInWal() : undefined;
      for (let page = Math.floor(bytes / pageBytes) + 1; page <= pages; page += 1) {
        if (!(inWal?.has(page) ?? false) && page !== LOCK_BYTE / pageBytes + 1) return true;
      }
      this.#fileBytes = bytes;
      return false;
    });
    return answer ?? false;
  }

  #pagesInWal(): Set<number> | undefined {
    return pagesInWal(this.#path, () => this.#connection.checkpoint('noop'));
  }

  /** The answer of `ask`, if no other connection changed the database or started the WAL over meanwhile. */
  #undisturbed<T>(ask: () => T): T | undefined {
    try {
      const version = this.#connection.dataVersion();
      const answer = ask();
      return this.#connection.dataVersion() === version ? answer : undefined;
    } catch {
      // The file cannot be read. The next statement reports the error.
      return undefined;
    }
  }

  #wal(): Pick<Stats, 'size' | 'blocks'> {
    return statsOf(`${this.#path}-wal`);
  }
}

/** How long a WAL is at least that has these frames. */
function neededBytes({ frames, frameBytes }: WalState): number {
  return frames === 0 ? 0 : WAL_HEADER_BYTES + frames * frameBytes;
}

function sizeOf(path: string): number {
  return statsOf(path).size;
}

function statsOf(path: string): Pick<Stats, 'size' | 'blocks'> {
  try {
    return statSync(path, { throwIfNoEntry: false }) ?? { size: 0, blocks: 0 };
  } catch {
    // Without rights to the folder nothing can be seen.
    return { size: Number.POSITIVE_INFINITY, blocks: Number.POSITIVE_INFINITY };
  }
}
