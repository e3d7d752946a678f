/**
 * How a bigint that numbers its rows is declared. SQLite makes only a column declared `integer` an alias of the rowid; the comment, which
 * SQLite keeps with the schema, says that it holds bigints.
 */
export const BIGINT_MARK = 'integer /* bigint */';

const MARKED = /"((?:[^"]|"")+)" integer \/\* bigint \*\//g;

/** Names of the columns that a CREATE TABLE marks so. */
export function markedColumns(createTable: string): string[] {
  return [...createTable.matchAll(MARKED)].map(([, name = '']) => name.replaceAll('""', '"'));
}
