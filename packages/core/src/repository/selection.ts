import type { Row } from '../driver/driver.js';
import { invalidQuery } from '../errors/invalid-query.js';
import type { ShapeColumn, TableShape } from './table-shape.js';

/** The columns that a read returns, and those that it needs itself. */
export interface Selection {
  /** The columns that are read. */
  readonly columns: readonly ShapeColumn[];
  /** The names of those that are returned; `undefined` when all that are read are. */
  readonly returned: readonly string[] | undefined;
  /** Identifies the columns that are read, for the cache of statements. */
  readonly form: string;
}

/**
 * Parses `select`, which may come untyped from a request; `undefined` when it is absent, for the whole row.
 *
 * @param needed columns that are read although they may not be returned.
 * @throws UsageError `invalid_query` or `unknown_column`.
 */
export function parseSelection(
  shape: TableShape,
  select: unknown,
  needed: readonly ShapeColumn[] = [],
): Selection | undefined {
  if (select === undefined) return undefined;
  if (!Array.isArray(select) || select.length === 0)
    throw invalidQuery("`select` must be a list of columns such as `['id', 'name']`");
  const selected = new Set(select.map((property: unknown) => shape.column(nameOf(property))));
  const columns = [...new Set([...selected, ...needed])];
  return {
    columns,
    returned: columns.length === selected.size ? undefined : [...selected].map(({ property }) => property),
    form: ` (${columns.map(({ name }) => name).join()})`,
  };
}

/** The rows, or copies of them without the columns that only the read itself needed. */
export function returnedRows(selection: Selection | undefined, rows: readonly Row[]): readonly Row[] {
  const returned = selection?.returned;
  if (returned === undefined) return rows;
  return rows.map((row) => Object.fromEntries(returned.map((property) => [property, row[property]])));
}

function nameOf(property: unknown): string {
  if (typeof property === 'string') return property;
  throw invalidQuery('`select` takes names of columns');
}
