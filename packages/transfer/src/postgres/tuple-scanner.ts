import { COPY_HEADER } from '@sluice/postgres-driver/copy';

/** Receives a tuple: `bytes` from `from`, where its number of fields is, to `to`. Its key ends at `keyEnd`. */
export type OnTuple = (bytes: Buffer, from: number, keyEnd: number, to: number) => void;

/**
 * Splits the binary output of COPY TO into tuples, whatever its chunks are. The bytes of a tuple are valid during the call only, because one
 * buffer is reused for all.
 */
export class TupleScanner {
  readonly #keyCount: number;
  readonly #onTuple: OnTuple;
  #buffer: Buffer = Buffer.allocUnsafeSlow(256 * 1024);
  #length = 0;
  #hasHeader = false;

  /** `keyCount` is the number of key fields; 0 means that the whole row is the key. */
  constructor(keyCount: number, onTuple: OnTuple) {
    this.#keyCount = keyCount;
    this.#onTuple = onTuple;
  }

  push(chunk: Buffer): void {
    this.#append(chunk);
    const bytes = this.#buffer.subarray(0, this.#length);
    let at = 0;
    if (!this.#hasHeader) {
      if (bytes.length < COPY_HEADER.length) return;
      at = COPY_HEADER.length;
      this.#hasHeader = true;
    }
    for (let next = this.#tuple(bytes, at); next !== undefined; next = this.#tuple(bytes, at)) at = next;
    this.#buffer.copyWithin(0, at, this.#length);
    this.#length -= at;
  }

  #append(chunk: Buffer): void {
    const length = this.#length + chunk.length;
    if (length > this.#buffer.length) {
      const larger = Buffer.allocUnsafeSlow(length * 2);
      this.#buffer.copy(larger, 0, 0, this.#length);
      this.#buffer = larger;
    }
    chunk.copy(this.#buffer, this.#length);
    this.#length = length;
  }

  /** End of the tuple at `from`; `undefined` when the tuple is incomplete, or is the trailer. */
  #tuple(bytes: Buffer, from: number): number | undefined {
    const { length } = bytes;
    if (from + 2 > length) return undefined;
    const count = ((bytes[from] as number) << 8) | (bytes[from + 1] as number);
    if (count === 0xffff) return undefined;
    let at = from + 2;
    let keyEnd = 0;
    for (let field = 0; field < count; field += 1) {
      if (at + 4 > length) return undefined;
      const size =
        ((bytes[at] as number) << 24) |
        ((bytes[at + 1] as number) << 16) |
        ((bytes[at + 2] as number) << 8) |
        (bytes[at + 3] as number);
      at += size < 0 ? 4 : 4 + size;
      if (at > length) return undefined;
      if (field + 1 === this.#keyCount) keyEnd = at;
    }
    this.#onTuple(bytes, from, this.#keyCount === 0 ? at : keyEnd, at);
    return at;
  }
}
