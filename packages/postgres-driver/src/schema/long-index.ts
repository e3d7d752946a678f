import type { ConstraintDetails } from '@sluice/core';
import { type CatalogConnection, lookupOptions } from './catalog-connection.js';

const NAME = String.raw`(?:"(?:[^"]|"")+"|[\w$]+)`;

/** The table that a statement writes to, as the statement names it. */
const TARGET = new RegExp(
  String.raw`\b(?:insert\s+into|merge\s+into|update(?:\s+only)?|copy)\s+(${NAME}(?:\s*\.\s*${NAME})?)`,
  'i',
);

/**
 * Finds the index for which a statement has a value that is longer than a page. PostgreSQL refuses such a value without naming the index. It is the
 * only one of the statement's table that can hold values of any length; of several only the columns are told.
 */
export function longIndexOf(text: string): (connection: CatalogConnection) => Promise<ConstraintDetails> {
  return async (connection) => {
    const target = TARGET.exec(text)?.[1];
    if (target === undefined) return {};
    const { rows } = await connection.run(INDEXES, [target], lookupOptions());
    const found = rows.map(({ fields: [table = '', index = '', column] }) => ({ table, index, column }));
    const [first] = found;
    if (first === undefined) return {};
    const columns = found.flatMap(({ column }) => column ?? []);
    const isOnly = found.every(({ index }) => index === first.index);
    const table = first.table ?? undefined;
    return {
      table,
      columns: [...new Set(columns)],
      constraint: isOnly ? (first.index ?? undefined) : undefined,
    };
  };
}

/** The parts of indexes whose values have no fixed length; the column is NULL for an expression. */
const INDEXES = `
  select class.relname, index.relname, own.attname
  from pg_catalog.pg_index
  join pg_catalog.pg_class class on class.oid = indrelid
  join pg_catalog.pg_class index on index.oid = indexrelid
  join pg_catalog.pg_attribute part on part.attrelid = indexrelid and part.attlen = -1
  left join pg_catalog.pg_attribute own
    on own.attrelid = indrelid and own.attnum = (string_to_array(indkey::text, ' ')::int2[])[part.attnum] and own.attnum > 0
  where indrelid = to_regclass($1)
  order by index.relname, part.attnum`;
