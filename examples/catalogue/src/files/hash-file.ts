import { createHash } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';

/** The content of a file. */
export interface FileContent {
  /** SHA-256 as 64 hexadecimal digits. */
  readonly hash: string;
  readonly size: bigint;
  /** Whether the first 64 KiB contain no NUL. */
  readonly isText: boolean;
}

const buffer = Buffer.allocUnsafe(64 * 1024);

/** Reads a whole file. Returns `undefined` if it cannot be read or does not exist any more. Blocks the calling thread. */
export function hashFile(path: string): FileContent | undefined {
  try {
    const descriptor = openSync(path, 'r');
    try {
      return hashDescriptor(descriptor);
    } finally {
      closeSync(descriptor);
    }
  } catch {
    return undefined;
  }
}

function hashDescriptor(descriptor: number): FileContent {
  const hash = createHash('sha256');
  let size = 0;
  let isText = true;
  for (let bytes = readSync(descriptor, buffer); bytes > 0; bytes = readSync(descriptor, buffer)) {
    const chunk = buffer.subarray(0, bytes);
    if (size === 0) isText = !chunk.includes(0);
    hash.update(chunk);
    size += bytes;
  }
  return { hash: hash.digest('hex'), size: BigInt(size), isText };
}
