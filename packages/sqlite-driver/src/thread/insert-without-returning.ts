import type { Row, RowInsertion, Statement } from '@sluice/core';
import { quoteIdentifier } from '../sql/quoting.js';
import { type ColumnDecoder, decodeValue, typeDecoder } from '../values/rows.js';
import type { SqliteValue } from '../values/sqlite-value.js';

/** An INSERT … RETURNING that is run without RETURNING, because its row is known beforehand. */
export interface InsertWithoutReturning {
  readonly sql: string;
  /** The table's columns in their order, each with the index of its parameter. */
  readonly columns: readonly { readonly decoder: ColumnDecoder; readonly parameter: number }[];
}

const inserts = new WeakMap<RowInsertion, InsertWithoutReturning | undefined>();

/**
 * The INSERT without RETURNING for `statement`, when the returned row is known beforehand: every column is given, has a type whose values SQLite
 * stores unchanged, and none is generated. `undefined` otherwise. RETURNING gives the row as it was inserted, before any trigger changes it
 * (sqlite.org/lang_returning.html), so the result is the same; sending the row back would cost as much as storing it.
 */
export function insertWithoutReturning({
  insertion,
  parameters,
}: Statement): InsertWithoutReturning | undefined {
  if (insertion === undefined || parameters.length !== insertion.columns.length) return undefined;
  if (!inserts.has(insertion)) inserts.set(insertion, createInsert(insertion));
  return inserts.get(insertion);
}

/** The row that RETURNING would give. */
export function insertedRow({ columns }: InsertWithoutReturning, parameters: readonly SqliteValue[]): Row {
  const row: Row = {};
  for (const { decoder, parameter } of columns) {
    const stored = parameters[parameter] ?? null;
    row[decoder.name] = stored === null ? null : decodeValue(decoder, copied(stored));
  }
  return row;
}

function createInsert({
  table,
  columns,
  row,
  isReturning,
}: RowInsertion): InsertWithoutReturning | undefined {
  if (!isReturning) return undefined;
  const inserted: InsertWithoutReturning['columns'][number][] = [];
  for (const column of row) {
    const parameter = columns.findIndex(({ name }) => name === column.name);
    if (parameter < 0 || column.type === undefined || column.isGenerated || column.name === '__proto__')
      return undefined;
    inserted.push({ parameter, decoder: typeDecoder(column.name, column.type) });
  }
  const names = columns.map(({ name }) => quoteIdentifier(name)).join(', ');
  const places = columns.map(() => '?').join(', ');
  return { sql: `insert into ${quoteIdentifier(table)} (${names}) values (${places})`, columns: inserted };
}

function copied(stored: NonNullable<SqliteValue>): NonNullable<SqliteValue> {
  return stored instanceof Uint8Array ? new Uint8Array(stored) : stored;
}
