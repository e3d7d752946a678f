import type { RowInsertion, Statement } from '@sluice/core';
import type { PostgresConnection } from '../connection/connection.js';
import type { SendOptions } from '../connection/send-options.js';
import { quoteIdentifier, quoteTable } from '../sql/quoting.js';
import { arrayType, columnArray, fitsArray } from '../values/array.js';
import { type Bound, bindScalar, checkValue, type Scalar } from '../values/parameters.js';
import type { RawResult } from '../values/raw-result.js';
import {
  type CopyTarget,
  copyData,
  copyText,
  isWorthCopying,
  keepCopyTarget,
  readCopyTarget,
} from './copy.js';
import { BinaryRows } from './write-rows.js';

/** An insertion of many rows, with its values by column. */
export interface BulkInsertion {
  readonly insertion: RowInsertion;
  readonly values: readonly (readonly Scalar[])[];
}

/** Converts a statement to a bulk insertion; `undefined` where it should run unchanged. @throws ValueError or UsageError for a parameter that cannot be stored. */
export function toBulkInsertion({ insertion, parameters }: Statement): BulkInsertion | undefined {
  if (insertion === undefined || insertion.isReturning) return undefined;
  const { columns } = insertion;
  const width = columns.length;
  if (parameters.length <= width || !columns.every(fitsArray)) return undefined;
  const values: Scalar[][] = columns.map(() => []);
  for (let index = 0; index < parameters.length; index += 1) {
    values[index % width]?.push(checkValue(parameters[index], index));
  }
  return { insertion, values };
}

/**
 * Inserts the rows by COPY where there are many and the table supports it, else by one array parameter for each column. Both are several times as
 * fast as a parameter for each value.
 */
export async function insertBulk(
  connection: PostgresConnection,
  { insertion, values }: BulkInsertion,
  options: SendOptions,
): Promise<RawResult> {
  const bound: SendOptions = { ...options, isBound: true };
  if (!isWorthCopying(values)) return connection.run(...arraysOf(insertion, values), bound);
  const target = await readCopyTarget(connection, insertion, bound);
  const next = { ...bound, begin: undefined };
  if (!target.isPlain) return connection.run(...arraysOf(insertion, values), next);
  const result = await copyRows(connection, { insertion, values }, target, next);
  keepCopyTarget(connection, insertion, target);
  return result;
}

/**
 * Copies rows in the binary format up to the first one that it does not support, and the rest in the text format. A statement in a transaction of its
 * own must be a single COPY, so its data is complete before it is sent. In a longer transaction the server reads one part while the next is encoded.
 */
async function copyRows(
  connection: PostgresConnection,
  { insertion, values }: BulkInsertion,
  { types }: CopyTarget,
  options: SendOptions,
): Promise<RawResult> {
  const rows = values[0]?.length ?? 0;
  const binary = BinaryRows.of(
    values,
    insertion.columns.map(({ name }) => types[name] ?? ''),
  );
  const copy = (format: 'binary' | 'text', copyData: Iterable<Buffer>): Promise<RawResult> =>
    connection.run(copyText(insertion, format), [], { ...options, mayPrepare: false, copyData });
  const asText = (from: number): Promise<RawResult> =>
    copy('text', [copyData(values.map((column) => bindColumn(column.slice(from))))]);
  if (binary === undefined) return asText(0);
  if (connection.status === 'I') {
    const parts = Array.from(binary.parts(), (part) => Buffer.from(part));
    return binary.written < rows ? asText(0) : copy('binary', parts);
  }
  const result = await copy('binary', binary.parts());
  if (binary.written === rows) return result;
  const rest = await asText(binary.written);
  return { ...rest, rowCount: (result.rowCount ?? 0) + (rest.rowCount ?? 0) };
}

function arraysOf(
  insertion: RowInsertion,
  values: readonly (readonly Scalar[])[],
): [text: string, parameters: readonly Bound[]] {
  const { columns } = insertion;
  const names = columns.map(({ name }) => quoteIdentifier(name)).join(', ');
  const arrays = columns.map((column, index) => `$${index + 1}::${arrayType(column)}`).join(', ');
  const text = `insert into ${quoteTable(insertion)} (${names}) select * from unnest(${arrays})`;
  return [text, columns.map((column, index) => columnArray(column, bindColumn(values[index] ?? [])))];
}

function bindColumn(values: readonly Scalar[]): readonly Bound[] {
  return values.map(bindScalar);
}
