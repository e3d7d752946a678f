import type Sqlite from 'better-sqlite3';
import { mentionsFail } from '../sql/conflict-fail.js';
import { BIGINT_MARK, markedColumns } from '../values/bigint-columns.js';

/** What a connection knows of the schema beyond what SQLite says of a prepared statement. */
export interface SchemaFacts {
  /** The {@link columnKey} of each column that is declared as an integer and is a bigint. */
  readonly bigintColumns: ReadonlySet<string>;
  /** Whether a trigger says RAISE(FAIL), or a constraint ON CONFLICT FAIL: then a failed statement keeps what it did before it failed. */
  readonly mentionsFail: boolean;
  /** Whether there are triggers, virtual tables or STRICT tables. Errors in these can leave part of a statement's work as well. */
  readonly isIntricate: boolean;
}

export const NO_FACTS: SchemaFacts = { bigintColumns: new Set(), mentionsFail: false, isIntricate: false };

interface SchemaRow {
  readonly type: string;
  readonly name: string;
  readonly sql: string;
  /** 0 for a virtual table, which has no pages of its own. */
  readonly rootpage: number;
}

const SQL = `select type, name, sql, rootpage from sqlite_schema where type = 'trigger' or type = 'table' and (rootpage = 0
  or instr(sql, '${BIGINT_MARK}') > 0 or instr(lower(sql), 'fail') > 0 or instr(lower(sql), 'strict') > 0)`;

/** Reads the facts. Call it once for each version of the schema. */
export function readSchemaFacts(database: Sqlite.Database): SchemaFacts {
  const bigintColumns = new Set<string>();
  let [mentions, isIntricate] = [false, false];
  for (const { type, name, sql, rootpage } of database.prepare<unknown[], SchemaRow>(SQL).iterate()) {
    mentions ||= mentionsFail(sql);
    isIntricate ||= type === 'trigger' || rootpage === 0 || /\bstrict\b/i.test(sql);
    if (type === 'table') for (const column of markedColumns(sql)) bigintColumns.add(columnKey(name, column));
  }
  return { bigintColumns, mentionsFail: mentions, isIntricate };
}

/** Identifies a column in {@link SchemaFacts.bigintColumns}. */
export function columnKey(table: string | null, column: string | null): string {
  return `${table}\0${column}`;
}
