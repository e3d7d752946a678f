import type { Row, StatementResult } from '@sluice/core';
import type { RawResult, RawRows } from './postgres-raw-result.js';
import { type Decoder, decoderOf, type ValueMode } from './postgres-values.js';

/** Turns what the server sent into rows of JavaScript values. Of columns with one name, the last stays. */
export function decodeRows({ fields, rows }: RawRows, mode: ValueMode): Row[] {
  const names = fields.map(({ name }) => name);
  const decoders = fields.map((field) => decoderOf(field, mode));
  const template = emptyRow(names);
  return rows.map((values) => decodeRow(values, names, decoders, template));
}

/** Turns a whole result into the driver interface's. */
export function toStatementResult(result: RawResult, mode: ValueMode): StatementResult {
  const affectedRows = COUNTED.has(result.command) ? (result.rowCount ?? 0) : 0;
  return { rows: decodeRows(result, mode), affectedRows };
}

const COUNTED: ReadonlySet<string> = new Set(['COPY', 'DELETE', 'INSERT', 'MERGE', 'UPDATE']);

/** Made by spreading, so that a column named `__proto__` becomes a property like any other. */
function emptyRow(names: readonly string[]): Row {
  const row: Row = Object.create(null);
  for (const name of names) row[name] = null;
  return { ...row };
}

function decodeRow(
  values: readonly (string | null)[],
  names: readonly string[],
  decoders: readonly Decoder[],
  template: Row,
): Row {
  const row = { ...template };
  for (let index = 0; index < names.length; index += 1) {
    const text = values[index];
    const name = names[index];
    if (text === null || text === undefined || name === undefined) continue;
    row[name] = decoders[index]?.(text);
  }
  return row;
}
