import type { Scalar } from '../postgres-parameters.js';
import { COPY_HEADER, COPY_TRAILER } from './framing.js';
import { TupleWriter } from './tuple-writer.js';
import { fieldWriter, type WriteField } from './write-field.js';

/**
 * Writes values, column by column, as COPY's binary format, which the server reads with a third less work than its text; `undefined` where a type
 * or a value is better left to the text format.
 *
 * @param types what the columns are at this moment, as `format_type` names them.
 */
export function binaryRows(
  columns: readonly (readonly Scalar[])[],
  types: readonly string[],
): Buffer | undefined {
  const writers = types.map(fieldWriter);
  if (!writers.every((writer) => writer !== undefined)) return undefined;
  const out = new TupleWriter();
  out.bytes(COPY_HEADER);
  const rows = columns[0]?.length ?? 0;
  for (let row = 0; row < rows; row += 1) {
    out.int16(columns.length);
    for (let column = 0; column < columns.length; column += 1) {
      if (!writeValue(columns[column]?.[row] ?? null, writers[column], out)) return undefined;
    }
  }
  out.bytes(COPY_TRAILER);
  return out.buffer.subarray(0, out.position);
}

function writeValue(value: Scalar, write: WriteField | undefined, out: TupleWriter): boolean {
  if (value !== null) return write?.(value, out) === true;
  out.null();
  return true;
}
