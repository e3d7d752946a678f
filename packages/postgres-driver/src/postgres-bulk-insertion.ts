import type { RowInsertion, Statement } from '@sluice/core';
import { arrayType, columnArray, fitsArray } from './postgres-array.js';
import { quoteIdentifier } from './postgres-identifier.js';
import { type Bound, bindValue } from './postgres-parameters.js';

/** A statement of this driver's own. */
export interface BulkStatement {
  readonly text: string;
  readonly parameters: readonly Bound[];
}

/**
 * An insertion of many rows as one array for each column: PostgreSQL reads it several times as fast as a parameter for each value, and the
 * text is the same for any number of rows. `undefined` where the statement is better run as it is.
 */
export function bulkInsertion({ insertion, parameters }: Statement): BulkStatement | undefined {
  if (insertion === undefined || insertion.isReturning) return undefined;
  const { columns } = insertion;
  const width = columns.length;
  if (parameters.length <= width || !columns.every(fitsArray)) return undefined;
  const values: Bound[][] = columns.map(() => []);
  for (let index = 0; index < parameters.length; index += 1) {
    values[index % width]?.push(bindValue(parameters[index], index));
  }
  return {
    text: textOf(insertion),
    parameters: columns.map((column, index) => columnArray(column, values[index] ?? [])),
  };
}

/** By form: a form's description is one and the same object. */
const TEXTS = new WeakMap<RowInsertion, string>();

function textOf(insertion: RowInsertion): string {
  const known = TEXTS.get(insertion);
  if (known !== undefined) return known;
  const { table, columns } = insertion;
  const names = columns.map(({ name }) => quoteIdentifier(name)).join(', ');
  const arrays = columns.map((column, index) => `$${index + 1}::${arrayType(column)}`).join(', ');
  const text = `insert into ${quoteIdentifier(table)} (${names}) select * from unnest(${arrays})`;
  TEXTS.set(insertion, text);
  return text;
}
