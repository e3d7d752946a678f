/**
 * The declaration of a bigint identity column. Only a column declared `integer` becomes an alias of the rowid; the comment, which SQLite keeps
 * with the schema, marks it as bigint.
 */
export const BIGINT_MARK = 'integer /* bigint */';

const MARKED = /"((?:[^"]|"")+)" integer \/\* bigint \*\//g;

/** Names of the columns with {@link BIGINT_MARK} in the text of a CREATE TABLE. */
export function markedColumns(createTable: string): string[] {
  return [...createTable.matchAll(MARKED)].map(([, name = '']) => name.replaceAll('""', '"'));
}
