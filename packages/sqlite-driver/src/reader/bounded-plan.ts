import type { Statement } from '@sluice/core';
import type { ThreadConnection } from '../thread/thread-connection.js';

/** What a step of a plan says when it finds at most one row for each value: by its row number, or by an index. */
const BY_ROWID = /^SEARCH .+ USING INTEGER PRIMARY KEY \(rowid=\?\)$/;
const BY_INDEX = /^SEARCH .+ USING (?:COVERING )?INDEX (.+) \(([^()]+)\)$/;

const UNIQUE_INDEX = `
  select (select count(*) from pragma_index_info(s.name)) as columns from sqlite_schema s, pragma_index_list(s.tbl_name) l
  where s.type = 'index' and s.name = ? and l.name = s.name and l."unique" = 1`;

/** Whether SQLite reads only rows that it finds by a unique key, or none at all. Such a query takes microseconds whatever the tables contain. */
export function isPlanBounded(
  connection: ThreadConnection,
  { sql, parameters }: Pick<Statement, 'parameters' | 'sql'>,
): boolean {
  // The plan was made before a value is bound, so that any will do.
  const values = parameters.map(() => null);
  const steps = connection.rows<{ detail: string }>(`explain query plan ${sql}`, ...values);
  return steps.every(({ detail }) => isStepBounded(connection, detail));
}

function isStepBounded(connection: ThreadConnection, detail: string): boolean {
  if (detail === 'SCAN CONSTANT ROW' || BY_ROWID.test(detail)) return true;
  const [, index, terms = ''] = BY_INDEX.exec(detail) ?? [];
  const values = terms.split(' AND ');
  if (index === undefined || !values.every((term) => term.endsWith('=?'))) return false;
  const [found] = connection.rows<{ columns: number }>(UNIQUE_INDEX, index);
  return found?.columns === values.length;
}
