import { type BigIntStats, fstatSync, openSync, statSync } from 'node:fs';
import { PageSource, type PagesSnapshot } from './page-source.js';
import { isUnreadable } from './unreadable-pages-error.js';
import { closeWal, openWal, readAll } from './wal-pages.js';

/**
 * Descriptors of the database files that this process has read, by device and inode. They are never closed: closing any descriptor of a
 * file takes away every POSIX lock that the process has on it, those of an application's own connections and of ours
 * (sqlite.org/howtocorrupt.html, 2.2). One for each file, however often it is read.
 */
const descriptors = new Map<string, number>();

/**
 * Gives the pages of the file at `path` as the read transactions see them that are open on it, of which `walFrames` frames of its
 * write-ahead log are a part that is not in the file, or 0. `fileId` is what the path stood for before SQLite opened it: if it is so still,
 * SQLite has the same file. `undefined` if not, and for a file of a kind that the page reader does not know.
 *
 * With a rollback journal, a read transaction holds a shared lock, with which no other connection writes to the file
 * (sqlite.org/lockingv3.html, 3): the file is the snapshot. With a write-ahead log, the last version of a page in the frames of the
 * snapshot counts, and the file for every other page: a checkpoint copies no frame into the file that is behind the end mark of a reader,
 * and none at all while a reader needs the file alone (sqlite.org/walformat.html, 2.3).
 */
export function openPages(path: string, fileId: string, walFrames: number): PagesSnapshot | undefined {
  try {
    return readPages(path, fileId, walFrames);
  } catch (error) {
    // SQLite has opened the file; where another look at it is refused, SQLite alone reads on.
    if (isUnreadable(error) || (error as NodeJS.ErrnoException).syscall !== undefined) return undefined;
    throw error;
  }
}

function readPages(path: string, fileId: string, walFrames: number): PagesSnapshot | undefined {
  const descriptor = descriptorOf(path, fileId);
  if (descriptor === undefined) return undefined;
  const header = Buffer.alloc(HEADER_BYTES);
  if (!readAll(descriptor, header, 0, HEADER_BYTES, 0)) return undefined;
  const pageSize = pageSizeOf(header);
  const usableSize = pageSize - header.readUInt8(20);
  if (!isSqlite(header, usableSize)) return undefined;
  const wal = walFrames > 0 ? openWal(`${path}-wal`, walFrames, pageSize) : undefined;
  if (wal === undefined && walFrames > 0) return undefined;
  const pageCount = wal?.pageCount ?? Math.floor(fstatSync(descriptor).size / pageSize);
  const snapshot = { descriptor, pageSize, usableSize, pageCount, wal };
  if (isUtf8(snapshot)) return snapshot;
  if (wal !== undefined) closeWal(wal);
  return undefined;
}

/** What a path stands for at this moment; `undefined` when it is nothing. */
export function fileIdOf(path: string): string | undefined {
  const found = statSync(path, { bigint: true, throwIfNoEntry: false });
  return found && toFileId(found);
}

/** A descriptor of the file `fileId`; `undefined` when the path has come to stand for another one. */
function descriptorOf(path: string, fileId: string): number | undefined {
  if (fileIdOf(path) !== fileId) return undefined;
  const known = descriptors.get(fileId);
  if (known !== undefined) return known;
  const opened = openSync(path, 'r');
  const openedId = toFileId(fstatSync(opened, { bigint: true }));
  // If it is one that is open already, both stay open.
  descriptors.set(openedId, opened);
  return openedId === fileId ? opened : undefined;
}

function toFileId({ dev, ino }: BigIntStats): string {
  return `${dev} ${ino}`;
}

/** Bytes of the header (sqlite.org/fileformat2.html, 1.3). */
const HEADER_BYTES = 100;

/** The newest version of the format, that of write-ahead logs; 1 is that of rollback journals. */
const NEWEST_VERSION = 2;

const UTF8 = 1;

function pageSizeOf(header: Buffer): number {
  const size = header.readUInt16BE(16);
  return size === 1 ? 65_536 : size;
}

function isSqlite(header: Buffer, usableSize: number): boolean {
  const versions = header.readUInt8(18) <= NEWEST_VERSION && header.readUInt8(19) <= NEWEST_VERSION;
  return header.toString('latin1', 0, 16) === 'SQLite format 3\0' && versions && usableSize >= 480;
}

/** The encoding of text is set with the first table, and may be in the log still. */
function isUtf8(snapshot: PagesSnapshot): boolean {
  const page = Buffer.alloc(snapshot.pageSize);
  new PageSource(snapshot).read(1, 1, page);
  return page.readUInt32BE(56) === UTF8;
}
