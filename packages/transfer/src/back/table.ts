import type { PostgresTableObjects } from '../postgres/table-objects.js';
import type { PostgresTable } from '../postgres/tables.js';
import { quoteName, quoteText } from '../sql/quote.js';
import type { BackColumn } from './columns.js';

/** A table to move from PostgreSQL to SQLite. Its key columns come first. */
export interface BackTable {
  readonly table: PostgresTable;
  readonly columns: readonly BackColumn[];
  readonly objects: PostgresTableObjects;
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
