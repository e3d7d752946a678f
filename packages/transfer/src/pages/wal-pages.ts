import { closeSync, openSync, readSync } from 'node:fs';
import { UnreadablePagesError } from './unreadable-pages-error.js';

/** Pages of a write-ahead log that stand for those of its file, in one snapshot. It can be handed to a thread. */
export interface WalSnapshot {
  readonly descriptor: number;
  /** The log's header as it was; a log that begins anew has another. */
  readonly header: Uint8Array;
  /** Where the last version of each page is in the log. */
  readonly positions: ReadonlyMap<number, number>;
  /** Pages of the database after the last commit. */
  readonly pageCount: number;
}

/** Sizes of the log's header, and of that of each frame (sqlite.org/fileformat2.html, 4.1). */
const WAL_HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;

/** Positions of more pages are not held in memory. */
const MAX_FRAMES = 1_000_000;

/**
 * Finds the pages in the first `frames` frames of the log at `path`, the last of which ends a transaction; `undefined` when they are not as
 * they should be. The log has no locks of SQLite's on it, so that it may be closed again; see {@link closeWal}.
 */
export function openWal(path: string, frames: number, pageSize: number): WalSnapshot | undefined {
  if (frames > MAX_FRAMES) return undefined;
  const descriptor = openSync(path, 'r');
  const snapshot = readWal(descriptor, frames, pageSize);
  if (snapshot === undefined) closeSync(descriptor);
  return snapshot;
}

export function closeWal({ descriptor }: WalSnapshot): void {
  closeSync(descriptor);
}

function readWal(descriptor: number, frames: number, pageSize: number): WalSnapshot | undefined {
  const header = Buffer.alloc(WAL_HEADER_BYTES);
  const frame = Buffer.alloc(FRAME_HEADER_BYTES);
  const positions = new Map<number, number>();
  if (!readAll(descriptor, header, 0, WAL_HEADER_BYTES, 0) || header.readUInt32BE(8) !== pageSize)
    return undefined;
  let pageCount = 0;
  for (let index = 0; index < frames; index += 1) {
    const position = WAL_HEADER_BYTES + index * (FRAME_HEADER_BYTES + pageSize);
    if (!readAll(descriptor, frame, 0, FRAME_HEADER_BYTES, position)) return undefined;
    // Frames of an earlier round of the log have other salts.
    if (frame.compare(header, 16, 24, 8, 16) !== 0) return undefined;
    positions.set(frame.readUInt32BE(0), position + FRAME_HEADER_BYTES);
    pageCount = frame.readUInt32BE(4);
  }
  // Only the last frame of a transaction tells the size of the database after it.
  return pageCount === 0 ? undefined : { descriptor, header, positions, pageCount };
}

/**
 * Reads pages of a log while applications write to it. They only append to it as long as a reader may need what is in it. It begins anew,
 * under another header, when all of it is in the database file and no reader has an end mark in it (sqlite.org/walformat.html, 2.3). A read
 * transaction of ours that was begun before has none only if all of its snapshot was in the file already: then the file is the snapshot.
 */
export class WalPages {
  readonly #snapshot: WalSnapshot;
  readonly #header = Buffer.alloc(WAL_HEADER_BYTES);
  #isOver = false;

  constructor(snapshot: WalSnapshot) {
    this.#snapshot = snapshot;
  }

  /** Whether the page is in the log, and read from there. */
  read(page: number, into: Uint8Array, at: number, pageSize: number): boolean {
    const { descriptor, positions, header } = this.#snapshot;
    const position = this.#isOver ? undefined : positions.get(page);
    if (position === undefined) return false;
    const isRead = readAll(descriptor, into, at, pageSize, position);
    // A log that begins anew gets its header before its first frame: with the old header behind the page, the page is an old one, too.
    const isSame = readAll(descriptor, this.#header, 0, WAL_HEADER_BYTES, 0) && this.#header.equals(header);
    this.#isOver = !isRead || !isSame;
    return !this.#isOver;
  }
}

/** False when the file ends before. */
export function readAll(
  descriptor: number,
  into: Uint8Array,
  at: number,
  length: number,
  position: number,
): boolean {
  return readSome(descriptor, into, at, length, position) === length;
}

/** Bytes that were read: as many as there are. */
export function readSome(
  descriptor: number,
  into: Uint8Array,
  at: number,
  length: number,
  position: number,
): number {
  let done = 0;
  try {
    while (done < length) {
      const bytes = readSync(descriptor, into, at + done, length - done, position + done);
      if (bytes === 0) break;
      done += bytes;
    }
  } catch (cause) {
    // SQLite will meet the same error, and has a name for it.
    throw new UnreadablePagesError('The file cannot be read.', { cause });
  }
  return done;
}
