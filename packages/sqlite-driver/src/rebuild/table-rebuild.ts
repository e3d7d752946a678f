import { type Row, UnsupportedError, UsageError } from '@sluice/core';
import { isOrdinaryTable, TableDefinition } from '../schema/table-definition.js';
import { quoteIdentifier, quoteLiteral } from '../sql/quoting.js';
import { namesIn, tokenize } from '../sql/tokens.js';
import { assertStillWorks, findBroken } from './dependents.js';
import type { RunSql } from './run-sql.js';
import { TableChange } from './table-change.js';
import { TEMPORARY_PREFIX } from './temporary-names.js';

/** A table in the schema. */
export interface StoredTable {
  /** The name in the schema; the statement may write it with other letter case. */
  readonly name: string;
  readonly sql: string;
}

/**
 * Reads a table's definition.
 *
 * @throws UsageError `unknown_table`; UnsupportedError for a view or a table of SQLite's own.
 */
export async function readTable(name: string, run: RunSql): Promise<StoredTable> {
  const [row] = await run(
    `select name, type, sql from sqlite_schema where type in ('table', 'view') and lower(name) = lower(?)`,
    name,
  );
  if (row === undefined) throw new UsageError('unknown_table', `There is no table "${name}".`);
  if (row.type === 'table' && !String(row.name).startsWith('sqlite_'))
    return { name: String(row.name), sql: String(row.sql) };
  throw new UnsupportedError(`"${name}" is no table of the application's, and cannot be altered.`);
}

/**
 * Creates a table again with a new definition and the same rows, indexes and triggers. Foreign keys must be off, so that dropping the old table
 * deletes no rows that refer to it.
 *
 * @throws UsageError or UnsupportedError for a change that is not possible, before anything is changed; SQLite's error when a row does not fit;
 * UnsupportedError when a view, a trigger or a foreign key would no longer work.
 */
export async function rebuildTable(
  name: string,
  changes: readonly ((change: TableChange) => void)[],
  run: RunSql,
): Promise<void> {
  const table = await readTable(name, run);
  if (!isOrdinaryTable(table.sql))
    throw new UnsupportedError(`"${table.name}" is a virtual table, which cannot be altered.`);
  const change = new TableChange(new TableDefinition(table.sql));
  for (const apply of changes) apply(change);
  change.refreshTypeChecks();
  if (change.definition.sql === table.sql) return;
  const dependents = await readDependents(table.name, change, run);
  const isAnalyzed = await hasStatistics(table.name, run);
  const broken = await findBroken(table.name, run);
  const temporary = await freeName(table.name, run);
  await run(change.definition.named(temporary).sql);
  await copyRows(table.name, temporary, change, run);
  await copySequence(table.name, temporary, change, run);
  await run(`drop table ${quoteIdentifier(table.name)}`);
  await rename(temporary, table.name, run);
  for (const sql of dependents) await run(sql);
  if (isAnalyzed) await run(`analyze ${quoteIdentifier(table.name)}`);
  assertStillWorks(table.name, broken, await findBroken(table.name, run));
}

/** The indexes and triggers of a table, without indexes on a dropped column. SQLite creates the indexes of constraints itself. */
async function readDependents(table: string, { dropped }: TableChange, run: RunSql): Promise<string[]> {
  const rows = await run(
    `select type, sql from sqlite_schema
     where type in ('index', 'trigger') and lower(tbl_name) = lower(?) and sql is not null order by rowid`,
    table,
  );
  const isLost = ({ type, sql }: Row): boolean =>
    type === 'index' && namesIn(tokenize(String(sql)).slice(4)).some((each) => dropped.has(each));
  return rows.filter((row) => !isLost(row)).map(({ sql }) => String(sql));
}

async function copyRows(from: string, to: string, { values }: TableChange, run: RunSql): Promise<void> {
  const [source, target] = [await readColumns(from, run), await readColumns(to, run)];
  const known = new Map(source.names.map((name) => [name.toLowerCase(), name]));
  const columns = target.stored.filter((name) => known.has(name.toLowerCase()));
  const into = columns.map(quoteIdentifier);
  const select = columns.map((name) => values.get(name) ?? quoteIdentifier(name));
  const rowid = rowidOf(source, target);
  if (rowid !== undefined) {
    into.unshift(rowid);
    select.unshift(rowid);
  }
  if (into.length === 0) throw new UnsupportedError(`No column of "${from}" would be left.`);
  await run(
    `insert into ${quoteIdentifier(to)} (${into.join(', ')}) select ${select.join(', ')} from ${quoteIdentifier(from)}`,
  );
}

/** The columns of a table, for copying its rows. */
interface Columns {
  readonly names: readonly string[];
  /** Without generated columns. */
  readonly stored: readonly string[];
  /** Whether the table has a rowid that is not an alias of a column. */
  readonly hasHiddenRowid: boolean;
}

async function readColumns(table: string, run: RunSql): Promise<Columns> {
  const rows = await run('select name, type, pk, hidden from pragma_table_xinfo(?)', table);
  const [list] = await run(`select wr from pragma_table_list(?) where schema = 'main'`, table);
  const keys = rows.filter(({ pk }) => Number(pk) > 0);
  const isAlias = keys.length === 1 && String(keys[0]?.type).toLowerCase() === 'integer';
  return {
    names: rows.map(({ name }) => String(name)),
    stored: rows.filter(({ hidden }) => Number(hidden) === 0).map(({ name }) => String(name)),
    hasHiddenRowid: Number(list?.wr) === 0 && !isAlias,
  };
}

/** The name of the rowid if it must be copied, because full-text indexes and applications may refer to it. */
function rowidOf(source: Columns, target: Columns): string | undefined {
  if (!source.hasHiddenRowid || !target.hasHiddenRowid) return undefined;
  const taken = new Set([...source.names, ...target.names].map((name) => name.toLowerCase()));
  return ['rowid', 'oid', '_rowid_'].find((name) => !taken.has(name));
}

/** Copies the last value of AUTOINCREMENT, so that it is not assigned again after its row was deleted. */
async function copySequence(from: string, to: string, change: TableChange, run: RunSql): Promise<void> {
  if (!namesIn(tokenize(change.definition.sql)).includes('autoincrement')) return;
  const last = await run('select seq from sqlite_sequence where name = ?', from);
  if (last.length === 0) return;
  await run(`delete from sqlite_sequence where name = ${quoteLiteral(to)}`);
  await run(
    `insert into sqlite_sequence (name, seq) select ${quoteLiteral(to)}, seq from sqlite_sequence where name = ${quoteLiteral(from)}`,
  );
}

/** Renames a table. Without the pragma SQLite refuses while a view or a trigger names the old table, which does not exist at this moment. */
async function rename(from: string, to: string, run: RunSql): Promise<void> {
  await run('pragma legacy_alter_table = on');
  await run(`alter table ${quoteIdentifier(from)} rename to ${quoteIdentifier(to)}`);
  await run('pragma legacy_alter_table = off');
}

async function freeName(table: string, run: RunSql): Promise<string> {
  const rows = await run('select lower(name) as name from sqlite_schema');
  const taken = new Set(rows.map(({ name }) => name));
  let name = `${TEMPORARY_PREFIX}${table}`;
  while (taken.has(name.toLowerCase())) name += '_';
  return name;
}

async function hasStatistics(table: string, run: RunSql): Promise<boolean> {
  const [exists] = await run(`select 1 as found from sqlite_schema where name = 'sqlite_stat1'`);
  if (exists === undefined) return false;
  return (await run('select 1 as found from sqlite_stat1 where tbl = ? limit 1', table)).length > 0;
}
