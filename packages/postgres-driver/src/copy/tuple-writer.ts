/** The size in bytes at which a buffer of {@link TupleWriter} should be sent. A quarter of it caused half as many wake-ups again between threads and server. */
export const CHUNK_BYTES: number = 1024 * 1024;

/** Extra room after a full chunk, so that most rows fit in the buffer in which they begin. */
const SLACK_BYTES = 64 * 1024;

/** Writes fields in COPY's binary format: a length of four bytes, then the value in network byte order. */
export class TupleWriter {
  buffer: Buffer;
  position = 0;

  constructor(buffer: Buffer = newChunk()) {
    this.buffer = buffer;
  }

  /** Makes room for `size` more bytes; the buffer grows where needed. */
  reserve(size: number): void {
    if (this.position + size <= this.buffer.length) return;
    const larger = Buffer.from(
      new ArrayBuffer(Math.max(this.buffer.length * 2, this.position + size + SLACK_BYTES)),
    );
    this.buffer.copy(larger, 0, 0, this.position);
    this.buffer = larger;
  }

  int16(value: number): void {
    this.reserve(2);
    this.position = this.buffer.writeUInt16BE(value & 0xffff, this.position);
  }

  int32(value: number): void {
    this.reserve(4);
    const { buffer } = this;
    const at = this.position;
    buffer[at] = value >>> 24;
    buffer[at + 1] = value >>> 16;
    buffer[at + 2] = value >>> 8;
    buffer[at + 3] = value;
    this.position = at + 4;
  }

  /** `value` must be a safe integer. */
  int64(value: number): void {
    this.int32(Math.floor(value / 0x1_0000_0000));
    this.int32(value >>> 0);
  }

  bigint64(value: bigint): void {
    this.reserve(8);
    this.position = this.buffer.writeBigInt64BE(value, this.position);
  }

  float64(value: number): void {
    this.reserve(8);
    this.position = this.buffer.writeDoubleBE(value, this.position);
  }

  float32(value: number): void {
    this.reserve(4);
    this.position = this.buffer.writeFloatBE(value, this.position);
  }

  bytes(value: Uint8Array): void {
    this.reserve(value.length);
    this.buffer.set(value, this.position);
    this.position += value.length;
  }

  /** Writes a NULL: the length -1 without a value. */
  null(): void {
    this.int32(-1);
  }

  /** Writes a field of UTF-8 text with its length. */
  text(value: string): void {
    this.reserve(4 + value.length * 3);
    const from = this.position + 4;
    const written = this.#shortAscii(value, from) ?? this.buffer.write(value, from, 'utf8');
    this.int32(written);
    this.position = from + written;
  }

  /** Writes short ASCII text by a loop, which is faster than a call of Buffer.write; `undefined` for longer or other text. */
  #shortAscii(value: string, from: number): number | undefined {
    const { length } = value;
    if (length > 40) return undefined;
    const { buffer } = this;
    for (let index = 0; index < length; index += 1) {
      const code = value.charCodeAt(index);
      if (code > 127) return undefined;
      buffer[from + index] = code;
    }
    return length;
  }
}

/** Allocates a buffer with memory of its own, which can be transferred to another thread. */
export function newChunk(): Buffer {
  return Buffer.from(new ArrayBuffer(CHUNK_BYTES + SLACK_BYTES));
}

/** Whether a buffer has the size of {@link newChunk}, so that it can be reused. */
export function isChunk(buffer: ArrayBuffer): boolean {
  return buffer.byteLength === CHUNK_BYTES + SLACK_BYTES;
}
