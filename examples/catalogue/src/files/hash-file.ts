import { createHash } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';

/** What is in a file. */
export interface FileContent {
  /** SHA-256, in 64 hexadecimal digits. */
  readonly hash: string;
  readonly size: bigint;
  /** Whether there is no NUL in its first 64 KiB. */
  readonly isText: boolean;
}

const buffer = Buffer.allocUnsafe(64 * 1024);

/** Reads a file to its end; `undefined` when it cannot be read or is gone. Blocks the calling thread. */
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
