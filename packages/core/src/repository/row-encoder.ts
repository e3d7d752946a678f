import { invalidQuery } from '../errors/invalid-query.js';
import type { ShapeColumn, TableShape } from './table-shape.js';

/** The columns that a row or patch has values for, in its order. All rows with the same columns share one form object. */
export interface RowForm {
  readonly columns: readonly ShapeColumn[];
  /** Unique among the forms of one table. */
  readonly id: string;
}

/** A row or patch with encoded values. */
export interface EncodedRow {
  readonly form: RowForm;
  /** One for each column of the form. */
  readonly values: readonly unknown[];
}

/** How many forms are cached for one table. */
const MAX_FORMS = 500;

/** Checks and encodes the rows and patches of one table, which may come untyped. An undefined value counts as left out: the column's default applies. */
export class RowEncoder {
  readonly #shape: TableShape;
  readonly #forms = new Map<string, RowForm>();
  /** The keys of the last row, and their form: the next row most likely has the same. */
  #lastKeys: readonly string[] = [];
  #lastForm: RowForm | undefined;

  constructor(shape: TableShape) {
    this.#shape = shape;
  }

  /** @throws UsageError `invalid_query` or `unknown_column`, ValueError. */
  encode(row: unknown): EncodedRow {
    this.#shape.assertWritable();
    if (!isRow(row)) throw invalidQuery('a row must be an object');
    const keys = Object.keys(row);
    const form = this.#formOf(row, keys);
    const { columns } = form;
    const values = new Array<unknown>(columns.length);
    for (let index = 0; index < columns.length; index += 1) {
      const column = columns[index] as ShapeColumn;
      values[index] = this.#shape.encode(column, row[column.property]);
    }
    return { form, values };
  }

  #formOf(row: Readonly<Record<string, unknown>>, keys: readonly string[]): RowForm {
    const isLikeLast = this.#lastForm !== undefined && isSame(keys, this.#lastKeys);
    const isWhole = isEveryDefined(row, keys);
    if (isLikeLast && isWhole && this.#lastForm !== undefined) return this.#lastForm;
    const given = isWhole ? keys : keys.filter((key) => row[key] !== undefined);
    const form = this.#form(given);
    if (isWhole) {
      this.#lastKeys = keys;
      this.#lastForm = form;
    }
    return form;
  }

  #form(properties: readonly string[]): RowForm {
    const columns = properties.map((property) => this.writable(property));
    const id = columns.map(({ name }) => name).join();
    const known = this.#forms.get(id);
    if (known !== undefined) return known;
    const form = { columns, id };
    if (this.#forms.size >= MAX_FORMS) this.#forms.clear();
    this.#forms.set(id, form);
    return form;
  }

  /** @throws UsageError `invalid_query` or `unknown_column`. */
  writable(property: string): ShapeColumn {
    const column = this.#shape.column(property);
    if (!column.isGenerated) return column;
    throw invalidQuery(`"${property}" is computed by the database and cannot be written`);
  }
}

/** Groups consecutive rows with the same columns. @param most returns the most rows of a group, for the number of columns. */
export function runsOfSameColumns(
  rows: readonly EncodedRow[],
  most: (width: number) => number,
): EncodedRow[][] {
  const runs: EncodedRow[][] = [];
  let run: EncodedRow[] | undefined;
  for (const row of rows) {
    if (run === undefined || run[0]?.form !== row.form || run.length >= most(row.values.length)) {
      run = [];
      runs.push(run);
    }
    run.push(row);
  }
  return runs;
}

function isRow(row: unknown): row is Readonly<Record<string, unknown>> {
  return typeof row === 'object' && row !== null && !Array.isArray(row);
}

function isSame(keys: readonly string[], others: readonly string[]): boolean {
  if (keys.length !== others.length) return false;
  for (let index = 0; index < keys.length; index += 1) {
    if (keys[index] !== others[index]) return false;
  }
  return true;
}

function isEveryDefined(row: Readonly<Record<string, unknown>>, keys: readonly string[]): boolean {
  for (const key of keys) {
    if (row[key] === undefined) return false;
  }
  return true;
}
