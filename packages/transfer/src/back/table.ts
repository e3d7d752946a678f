import type { PostgresSession } from '../postgres/session.js';
import { type PostgresTableObjects, readTableObjects } from '../postgres/table-objects.js';
import { type PostgresTable, readPostgresTables } from '../postgres/tables.js';
import { quoteName, quoteText } from '../sql/quote.js';
import { type BackColumn, backColumns } from './columns.js';

/** A table to move from PostgreSQL to SQLite. Its key columns come first. */
export interface BackTable {
  readonly table: PostgresTable;
  readonly columns: readonly BackColumn[];
  readonly objects: PostgresTableObjects;
}

/** Reads the tables to move, without partitions and those in `exclude`. */
export async function readBackTables(
  session: PostgresSession,
  exclude: readonly string[],
): Promise<BackTable[]> {
  const objects = await readTableObjects(session);
  const tables: BackTable[] = [];
  for (const table of await readPostgresTables(session)) {
    const found = objects.get(table.name);
    if (found === undefined || exclude.includes(table.name)) continue;
    const columns = await backColumns(session, table);
    const keys = table.primaryKey.flatMap((key) => columns.filter(({ name }) => name === key));
    const others = columns.filter((column) => !keys.includes(column));
    tables.push({ table, objects: found, columns: [...keys, ...others] });
  }
  return tables;
}

/** The column that AUTOINCREMENT numbers in SQLite: an identity that is the whole primary key. */
export function identityOf({ table, columns }: BackTable): BackColumn | undefined {
  const [key, another] = table.primaryKey;
  const column = another === undefined ? columns.find(({ name }) => name === key) : undefined;
  const isNumbered = column?.source.isIdentity === true && /^(?:integer|bigint)$/.test(column.portable);
  return isNumbered ? column : undefined;
}

/** SQL that prints the key of a row of `child`: its primary key, or its ctid. */
export function keySql({ primaryKey }: PostgresTable): string {
  const names = primaryKey.length === 0 ? ['ctid'] : primaryKey;
  const parts = names.map((name) => `${quoteText(`${name} = `)} || child.${quoteName(name)}::text`);
  return `concat_ws(', ', ${parts.join(', ')})`;
}
