import type { SqliteValue } from '../values/sqlite-value.js';

/** About how much memory the long ones among some values take: characters of texts, and bytes. */
export function valueBytes(values: readonly SqliteValue[]): number {
  let bytes = 0;
  for (const value of values) {
    if (typeof value === 'string') bytes += value.length;
    else if (value instanceof Uint8Array) bytes += value.byteLength;
  }
  return bytes;
}
