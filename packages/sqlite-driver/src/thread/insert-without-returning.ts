import type { Row, RowInsertion, Statement } from '@sluice/core';
import { quote } from '../sql/quoting.js';
import { type ColumnDecoder, decodeValue, typeDecoder } from '../values/rows.js';
import type { SqliteValue } from '../values/sqlite-value.js';

/** How an INSERT that returns its row is run without returning it. */
interface Echo {
  readonly sql: string;
  /** The table's columns in its order, each with the place of its value among the parameters. */
  readonly columns: readonly { readonly decoder: ColumnDecoder; readonly parameter: number }[];
}

const echoes = new WeakMap<RowInsertion, Echo | undefined>();

/**
 * How to run `statement` when the row that it returns is known beforehand, because every column is given, of a type whose values SQLite
 * stores unchanged, and none is computed. RETURNING gives a row as it was inserted, whatever triggers make of it later
 * (sqlite.org/lang_returning.html); sending it back costs as much as storing it.
 */
export function echoOf({ insertion, parameters }: Statement): Echo | undefined {
  if (insertion === undefined || parameters.length !== insertion.columns.length) return undefined;
  if (!echoes.has(insertion)) echoes.set(insertion, createEcho(insertion));
  return echoes.get(insertion);
}

/** The row that was stored. */
export function echoRow({ columns }: Echo, parameters: readonly SqliteValue[]): Row {
  const row: Row = {};
  for (const { decoder, parameter } of columns) {
    const stored = parameters[parameter] ?? null;
    row[decoder.name] = stored === null ? null : decodeValue(decoder, copied(stored));
  }
  return row;
}

function createEcho({ table, columns, row, isReturning }: RowInsertion): Echo | undefined {
  if (!isReturning) return undefined;
  const echoed: Echo['columns'][number][] = [];
  for (const column of row) {
    const parameter = columns.findIndex(({ name }) => name === column.name);
    if (parameter < 0 || column.type === undefined || column.isGenerated || column.name === '__proto__')
      return undefined;
    echoed.push({ parameter, decoder: typeDecoder(column.name, column.type) });
  }
  const names = columns.map(({ name }) => quote(name)).join(', ');
  const places = columns.map(() => '?').join(', ');
  return { sql: `insert into ${quote(table)} (${names}) values (${places})`, columns: echoed };
}

function copied(stored: NonNullable<SqliteValue>): NonNullable<SqliteValue> {
  return stored instanceof Uint8Array ? new Uint8Array(stored) : stored;
}
