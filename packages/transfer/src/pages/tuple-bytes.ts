import type { TupleWriter } from '@sluice/postgres-driver/copy';

/**
 * The buffer of a {@link TupleWriter} with a view of it, for a row whose size is known before it is written: there is no look at the room
 * that is left for every number.
 */
export class TupleBytes {
  bytes: Buffer = Buffer.alloc(0);
  view: DataView = new DataView(new ArrayBuffer(0));
  position = 0;

  /** Takes over from `out`, with room for `size` bytes. */
  begin(out: TupleWriter, size: number): void {
    out.reserve(size);
    if (out.buffer !== this.bytes) {
      this.bytes = out.buffer;
      this.view = new DataView(out.buffer.buffer, out.buffer.byteOffset, out.buffer.length);
    }
    this.position = out.position;
  }

  /** Gives back to `out` what was written. */
  end(out: TupleWriter): void {
    out.position = this.position;
  }

  /** The number of fields, before them. */
  count(fields: number): void {
    this.view.setInt16(this.position, fields);
    this.position += 2;
  }

  null(): void {
    this.view.setInt32(this.position, -1);
    this.position += 4;
  }

  int16(value: number): void {
    const { view, position } = this;
    view.setInt32(position, 2);
    view.setInt16(position + 4, value);
    this.position = position + 6;
  }

  int32(value: number): void {
    const { view, position } = this;
    view.setInt32(position, 4);
    view.setInt32(position + 4, value);
    this.position = position + 8;
  }

  /** `value` is a safe integer. */
  int64(value: number): void {
    const { view, position } = this;
    view.setInt32(position, 8);
    view.setInt32(position + 4, Math.floor(value / 0x1_0000_0000));
    view.setUint32(position + 8, value >>> 0);
    this.position = position + 12;
  }

  float64(value: number): void {
    const { view, position } = this;
    view.setInt32(position, 8);
    view.setFloat64(position + 4, value);
    this.position = position + 12;
  }

  boolean(value: number): void {
    const { view, position } = this;
    view.setInt32(position, 1);
    view.setUint8(position + 4, value);
    this.position = position + 5;
  }
}
