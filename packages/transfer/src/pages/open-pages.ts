import { type BigIntStats, fstatSync, openSync, readSync, statSync } from 'node:fs';
import type { PagesSnapshot } from './page-source.js';

/**
 * Descriptors of the database files that this process has read, by device and inode. They are never closed: closing any descriptor of a
 * file takes away every POSIX lock that the process has on it, those of an application's own connections and of ours
 * (sqlite.org/howtocorrupt.html, 2.2). One for each file, however often it is read.
 */
const descriptors = new Map<string, number>();

/**
 * Gives the pages of the file at `path` as the read transactions see them that are open on it. `undefined` when only SQLite can tell, or
 * when the file is of a kind that the page reader does not know.
 *
 * With a rollback journal, a read transaction holds a shared lock, with which no other connection writes to the file
 * (sqlite.org/lockingv3.html, 3): the file is the snapshot. With a write-ahead log it is so as long as the log is empty: the transactions
 * began before the log was looked at, so that none of its later frames is theirs, and a checkpoint copies no frame into the file that is
 * behind the end mark of a reader (sqlite.org/wal.html, 2.2).
 */
export function openPages(path: string): PagesSnapshot | undefined {
  const descriptor = descriptorOf(path);
  const header = Buffer.alloc(HEADER_BYTES);
  if (readSync(descriptor, header, 0, HEADER_BYTES, 0) < HEADER_BYTES) return undefined;
  const pageSize = pageSizeOf(header);
  const usableSize = pageSize - header.readUInt8(20);
  if (!isKnown(header, usableSize)) return undefined;
  if (header.readUInt8(18) === WAL_VERSION && walBytes(path) > 0) return undefined;
  const pageCount = Math.floor(fstatSync(descriptor).size / pageSize);
  return { descriptor, pageSize, usableSize, pageCount };
}

function descriptorOf(path: string): number {
  const known = descriptors.get(fileId(statSync(path, { bigint: true })));
  if (known !== undefined) return known;
  const opened = openSync(path, 'r');
  // The name may have come to stand for another file, and for one that is open already: then both stay open.
  descriptors.set(fileId(fstatSync(opened, { bigint: true })), opened);
  return opened;
}

function fileId({ dev, ino }: BigIntStats): string {
  return `${dev} ${ino}`;
}

function walBytes(path: string): number {
  return statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0;
}

/** Bytes of the header that are looked at (sqlite.org/fileformat2.html, 1.3). */
const HEADER_BYTES = 100;

/** Versions of the format for reading: 1 is that of rollback journals, 2 that of write-ahead logs. */
const WAL_VERSION = 2;

const UTF8 = 1;

function pageSizeOf(header: Buffer): number {
  const size = header.readUInt16BE(16);
  return size === 1 ? 65_536 : size;
}

function isKnown(header: Buffer, usableSize: number): boolean {
  const isSqlite = header.toString('latin1', 0, 16) === 'SQLite format 3\0';
  const versions = header.readUInt8(18) <= WAL_VERSION && header.readUInt8(19) <= WAL_VERSION;
  return isSqlite && versions && usableSize >= 480 && header.readUInt32BE(56) === UTF8;
}
