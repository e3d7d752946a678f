import { closeSync, constants, openSync, readSync } from 'node:fs';

/** How far a look sees at most; a WAL that has grown by more is seen to its end by the next ones. */
const SIGHT_BYTES = 64 * 1024;

/** Takes what is read, which nobody needs: one for all connections of the thread. */
const seen = Buffer.allocUnsafeSlow(SIGHT_BYTES);

/** Windows and macOS do not have it. */
const { O_RDONLY, O_NOATIME = 0 } = constants;

/**
 * Knows where the WAL ends, by reading from the byte that was the last one on. A stat would cost each COMMIT on a disk a quarter more: since Linux 6.13
 * the next write to a file whose time was asked for has to change the time, and the flush must then write the inode too (kernel.org,
 * filesystems/multigrain-ts). A read that changes the time of access would do the same.
 */
export class WalTail {
  readonly #path: string;
  #file: number | undefined;
  #bytes = 0;

  /** @param path The path of the database. */
  constructor(path: string) {
    this.#path = `${path}-wal`;
  }

  /** Whether the WAL is shorter than at the last look. False where it cannot be read: what happens next reports the error. */
  isShorter(): boolean {
    const last = Math.max(0, this.#bytes - 1);
    const read = this.#readFrom(last);
    if (read === undefined) return false;
    if (read === 0 && this.#bytes > 0) return true;
    this.#bytes = last + read;
    return false;
  }

  /** Takes `bytes` as its length. */
  startAt(bytes: number): void {
    this.#bytes = bytes;
  }

  /** SQLite keeps no locks on the WAL itself, so closing it takes none away. */
  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }

  #readFrom(position: number): number | undefined {
    try {
      this.#file ??= openQuietly(this.#path);
      return readSync(this.#file, seen, 0, SIGHT_BYTES, position);
    } catch {
      return undefined;
    }
  }
}

/** Opens a file to read it, where possible without changing its time of access: only its owner may. */
function openQuietly(path: string): number {
  try {
    return openSync(path, O_RDONLY | O_NOATIME);
  } catch {
    return openSync(path, O_RDONLY);
  }
}
