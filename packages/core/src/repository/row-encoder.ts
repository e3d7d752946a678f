import { invalidQuery } from './invalid-query.js';
import type { ShapeColumn, TableShape } from './table-shape.js';

/** A row or patch by column, its values encoded. */
export type EncodedRow = ReadonlyMap<ShapeColumn, unknown>;

/** Checks and encodes a row or patch, which may come untyped; what is undefined is left to the column's default. */
export function encodeRow(shape: TableShape, row: unknown): EncodedRow {
  if (typeof row !== 'object' || row === null || Array.isArray(row))
    throw invalidQuery('a row must be an object');
  const encoded = new Map<ShapeColumn, unknown>();
  for (const [property, value] of Object.entries(row)) {
    if (value === undefined) continue;
    const column = shape.column(property);
    if (column.isGenerated)
      throw invalidQuery(`"${property}" is computed by the database and cannot be written`);
    encoded.set(column, shape.encode(column, value));
  }
  return encoded;
}

/** What tells rows with other columns apart. */
export function formOfRow(row: EncodedRow): string {
  return [...row.keys()].map(({ name }) => name).join();
}

/** Cuts rows into runs of neighbours with the same columns, each at most `most` rows long. */
export function runsOfSameColumns(
  rows: readonly EncodedRow[],
  most: (width: number) => number,
): EncodedRow[][] {
  const runs: EncodedRow[][] = [];
  let form: string | undefined;
  for (const row of rows) {
    const next = formOfRow(row);
    const run = runs.at(-1);
    if (run === undefined || next !== form || run.length >= most(row.size)) runs.push([row]);
    else run.push(row);
    form = next;
  }
  return runs;
}
