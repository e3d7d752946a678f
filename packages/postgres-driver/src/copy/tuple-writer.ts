/** Bytes that a buffer of {@link TupleWriter} holds before it is to be sent. With a quarter of it, threads and server woke each other half as often again. */
export const CHUNK_BYTES: number = 1024 * 1024;

/** Room behind a full chunk, so that most rows end in the buffer they begin in. */
const SLACK_BYTES = 64 * 1024;

/** Writes fields as COPY's binary format has them: a length of four bytes, then the value in network byte order. */
export class TupleWriter {
  buffer: Buffer;
  position = 0;

  constructor(buffer: Buffer = newChunk()) {
    this.buffer = buffer;
  }

  /** Makes room for `size` more bytes. */
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

  /** `value` is exact: a safe integer. */
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

  /** A NULL: the length -1 and nothing behind it. */
  null(): void {
    this.int32(-1);
  }

  /** A field of UTF-8 text with its length. */
  text(value: string): void {
    this.reserve(4 + value.length * 3);
    const from = this.position + 4;
    const written = this.#shortAscii(value, from) ?? this.buffer.write(value, from, 'utf8');
    this.int32(written);
    this.position = from + written;
  }

  /** For short text a loop is faster than the call into the runtime; `undefined` at the first character beyond ASCII. */
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

/** A buffer of its own memory, which can be handed to another thread. */
export function newChunk(): Buffer {
  return Buffer.from(new ArrayBuffer(CHUNK_BYTES + SLACK_BYTES));
}

/** Whether a buffer is one of {@link newChunk}, to be used again. */
export function isChunk(buffer: ArrayBuffer): boolean {
  return buffer.byteLength === CHUNK_BYTES + SLACK_BYTES;
}
