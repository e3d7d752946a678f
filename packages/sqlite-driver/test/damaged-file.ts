import { closeSync, fstatSync, openSync, readSync, writeSync } from 'node:fs';

/** Overwrites whole pages of a database file, counted from 1, with bytes that mean nothing. No connection may be open. */
export function damage(path: string, pages: readonly number[]): void {
  const file = openSync(path, 'r+');
  const pageBytes = readPageBytes(file);
  const noise = Buffer.alloc(pageBytes, 0xa5);
  for (const page of pages) writeSync(file, noise, 0, pageBytes, (page - 1) * pageBytes);
  closeSync(file);
}

/** How many pages a database file has. */
export function pageCount(path: string): number {
  const file = openSync(path, 'r');
  const pages = fstatSync(file).size / readPageBytes(file);
  closeSync(file);
  return pages;
}

/** The page size stands at offset 16 of the header, 65536 written as 1 (sqlite.org/fileformat2.html). */
function readPageBytes(file: number): number {
  const bytes = Buffer.alloc(2);
  readSync(file, bytes, 0, 2, 16);
  const size = bytes.readUInt16BE();
  return size === 1 ? 65_536 : size;
}
