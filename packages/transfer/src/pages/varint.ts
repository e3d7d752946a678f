/** The number that {@link readVarint} read, and where it ended. One for each thread: it makes no object for each number. */
export const varint = { value: 0, end: 0 };

/**
 * Reads a number of one to nine bytes, seven bits in each but eight in the ninth, as a signed one of 64 bits (sqlite.org/fileformat2.html,
 * 1.6). NaN when it is beyond 2^53.
 */
export function readVarint(view: DataView, at: number): void {
  const first = view.getUint8(at);
  varint.value = first;
  varint.end = at + 1;
  if (first >= 0x80) readLongVarint(view, at);
}

function readLongVarint(view: DataView, from: number): void {
  let value = 0;
  for (let at = from; at < from + 8; at += 1) {
    const byte = view.getUint8(at);
    value = value * 128 + (byte & 0x7f);
    if (byte >= 0x80) continue;
    varint.value = Number.isSafeInteger(value) ? value : Number.NaN;
    varint.end = at + 1;
    return;
  }
  varint.value = nineBytes(view, from);
  varint.end = from + 9;
}

function nineBytes(view: DataView, at: number): number {
  const high = (sevenBits(view, at) << 4) >> 4;
  const value = (high * 2 ** 28 + sevenBits(view, at + 4)) * 256 + view.getUint8(at + 8);
  return Number.isSafeInteger(value) ? value : Number.NaN;
}

/** 28 bits of four bytes. */
function sevenBits(view: DataView, at: number): number {
  let bits = 0;
  for (let index = 0; index < 4; index += 1) bits = (bits << 7) | (view.getUint8(at + index) & 0x7f);
  return bits;
}
