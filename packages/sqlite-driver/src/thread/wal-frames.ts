import { closeSync, openSync, readSync } from 'node:fs';
import type { WalState } from './wal-state.js';

/** Size of the header of a WAL (sqlite.org/fileformat2.html#the_write_ahead_log). */
export const WAL_HEADER_BYTES = 32;

/** Size of the header before the page in a frame. */
export const FRAME_HEADER_BYTES = 24;

/** The first bytes of a WAL, without the last bit, which gives the byte order of its checksums. */
const MAGIC = 0x377f0682;

/**
 * The pages in the frames of a WAL. `undefined` when frames are missing although the WAL is as long as with them: somebody cut it, SQLite went on
 * writing behind their place, and the file system filled that with zeros. Reads 24 bytes of each frame.
 *
 * Nobody needs to hold a lock: the frames stay what they are until the WAL starts over, which changes the salts in its header.
 *
 * @param readState Reads the number of frames.
 * @throws Error when the WAL cannot be read.
 */
export function pagesInWal(path: string, readState: () => WalState): Set<number> | undefined {
  // SQLite keeps no locks on the WAL itself, so closing it takes none away.
  const file = openSync(`${path}-wal`, 'r');
  try {
    for (;;) {
      const header = readAt(file, 0, WAL_HEADER_BYTES);
      const pages = readPages(file, header, readState());
      if (header.equals(readAt(file, 0, WAL_HEADER_BYTES))) return pages;
    }
  } finally {
    closeSync(file);
  }
}

function readPages(file: number, header: Buffer, { frames, frameBytes }: WalState): Set<number> | undefined {
  const pages = new Set<number>();
  if (frames === 0) return pages;
  if ((header.readUInt32BE(0) & ~1) !== MAGIC) return undefined;
  const salts = header.readBigUInt64BE(16);
  for (let frame = 0; frame < frames; frame += 1) {
    const read = readAt(file, WAL_HEADER_BYTES + frame * frameBytes, FRAME_HEADER_BYTES);
    if (read.readBigUInt64BE(8) !== salts) return undefined;
    pages.add(read.readUInt32BE(0));
  }
  return pages;
}

/** The bytes at a position; zeros where the file has ended. */
function readAt(file: number, position: number, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  readSync(file, bytes, 0, length, position);
  return bytes;
}
