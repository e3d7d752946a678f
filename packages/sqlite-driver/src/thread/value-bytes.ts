import type { SqliteValue } from '../values/sqlite-value.js';

/** Approximate size of some values in bytes: the characters of texts and the bytes of blobs. Numbers are not counted. */
export function valueBytes(values: readonly SqliteValue[]): number {
  let bytes = 0;
  for (const value of values) {
    if (typeof value === 'string') bytes += value.length;
    else if (value instanceof Uint8Array) bytes += value.byteLength;
  }
  return bytes;
}
