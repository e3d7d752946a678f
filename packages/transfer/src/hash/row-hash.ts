/** The result of {@link hashBytes}, in two halves of 32 bits. One object is reused, because a new one for each row would cost time. */
export const hashed = { high: 0, low: 0 };

/**
 * Hashes bytes with two variants of MurmurHash3's 32-bit form (Austin Appleby, public domain), which have different multipliers and seeds:
 * together they give 64 bits. The hash detects accidental differences; it is not secure against deliberate collisions.
 */
export function hashBytes(bytes: Uint8Array, from: number, to: number): void {
  const view = viewOf(bytes);
  let high = 0x9747b28c | 0;
  let low = 0x5bd1e995 | 0;
  const words = from + ((to - from) & ~3);
  let at = from;
  for (; at < words; at += 4) {
    const word = view.getInt32(at, true);
    high = mixHigh(high, word);
    low = mixLow(low, word);
  }
  let tail = 0;
  for (let shift = 0; at < to; at += 1, shift += 8) tail |= (bytes[at] as number) << shift;
  const length = to - from;
  hashed.high = finish(mixHigh(high, tail) ^ length);
  hashed.low = finish(mixLow(low, tail) ^ length);
}

let lastBytes: Uint8Array = new Uint8Array();
let lastView: DataView = new DataView(lastBytes.buffer);

/** A view to read four bytes at once. The rows of a chunk share one view. */
function viewOf(bytes: Uint8Array): DataView {
  if (bytes !== lastBytes) {
    lastBytes = bytes;
    lastView = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }
  return lastView;
}

function mixHigh(state: number, word: number): number {
  let k = Math.imul(word, 0xcc9e2d51);
  k = Math.imul((k << 15) | (k >>> 17), 0x1b873593);
  const mixed = state ^ k;
  return (Math.imul((mixed << 13) | (mixed >>> 19), 5) + 0xe6546b64) | 0;
}

function mixLow(state: number, word: number): number {
  let k = Math.imul(word, 0xab0e9789);
  k = Math.imul((k << 16) | (k >>> 16), 0x38b34ae5);
  const mixed = state ^ k;
  return (Math.imul((mixed << 17) | (mixed >>> 15), 5) + 0x561ccd1b) | 0;
}

function finish(state: number): number {
  let mixed = state ^ (state >>> 16);
  mixed = Math.imul(mixed, 0x85ebca6b);
  mixed ^= mixed >>> 13;
  mixed = Math.imul(mixed, 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
