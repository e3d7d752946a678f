import { HashSums } from '../hash/hash-sums.js';
import type { EncodedRows } from './reader-protocol.js';

/** Adds up the hashes of the parts of a table. */
export function addUp(parts: readonly EncodedRows[]): HashSums {
  const sums = new HashSums();
  for (const part of parts) if (part.sums !== undefined) sums.addAll(HashSums.fromBytes(part.sums));
  return sums;
}
