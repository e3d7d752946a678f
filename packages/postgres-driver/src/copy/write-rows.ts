import type { Scalar } from '../values/parameters.js';
import { COPY_HEADER, COPY_TRAILER } from './framing.js';
import { TupleWriter } from './tuple-writer.js';
import { fieldWriter, type WriteField } from './write-field.js';

/** Size of a part: small enough that the server soon has something to do, large enough that sending it is no effort. */
const PART_BYTES = 32 * 1024;

/** Room for the row that a part ends with; what is longer makes the buffer grow. */
const SLACK_BYTES = 8 * 1024;

/**
 * Writes values, given column by column, as COPY's binary format, which the server reads with a third less work than its text. The parts are made
 * when they are asked for, so that the server can read one while the next is made.
 */
export class BinaryRows {
  readonly #columns: readonly (readonly Scalar[])[];
  readonly #writers: readonly WriteField[];
  #written = 0;

  private constructor(columns: readonly (readonly Scalar[])[], writers: readonly WriteField[]) {
    this.#columns = columns;
    this.#writers = writers;
  }

  /** `undefined` where a type is better left to the text format. @param types of the columns at this moment, as `format_type` names them. */
  static of(columns: readonly (readonly Scalar[])[], types: readonly string[]): BinaryRows | undefined {
    const writers = types.map(fieldWriter);
    return writers.every((writer) => writer !== undefined) ? new BinaryRows(columns, writers) : undefined;
  }

  /** How many rows the parts so far hold. */
  get written(): number {
    return this.#written;
  }

  /**
   * All of COPY's data, once. It ends ahead of the first row with a value that is better left to the text format. A part is overwritten when the
   * next one is asked for.
   */
  *parts(): Generator<Buffer> {
    const out = new TupleWriter(Buffer.allocUnsafe(PART_BYTES + SLACK_BYTES));
    out.bytes(COPY_HEADER);
    const rows = this.#columns[0]?.length ?? 0;
    while (this.#written < rows && this.#writeRow(out)) {
      if (out.position < PART_BYTES) continue;
      yield out.buffer.subarray(0, out.position);
      out.position = 0;
    }
    out.bytes(COPY_TRAILER);
    yield out.buffer.subarray(0, out.position);
  }

  /** False, with nothing written, for a row with such a value. */
  #writeRow(out: TupleWriter): boolean {
    const start = out.position;
    out.int16(this.#columns.length);
    for (let column = 0; column < this.#columns.length; column += 1) {
      if (writeValue(this.#columns[column]?.[this.#written] ?? null, this.#writers[column], out)) continue;
      out.position = start;
      return false;
    }
    this.#written += 1;
    return true;
  }
}

function writeValue(value: Scalar, write: WriteField | undefined, out: TupleWriter): boolean {
  if (value !== null) return write?.(value, out) === true;
  out.null();
  return true;
}
