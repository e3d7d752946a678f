import { type Row, UnsupportedError, UsageError } from '@sluice/core';
import { isOrdinaryTable, TableDefinition } from '../schema/table-definition.js';
import { literal, quote } from '../sql/quoting.js';
import { namesIn, tokenize } from '../sql/tokens.js';
import { assertStillWorks, findBroken } from './dependents.js';
import type { RunSql } from './run-sql.js';
import { TableChange } from './table-change.js';
import { TEMPORARY_PREFIX } from './temporary-names.js';

/** A table as the schema has it. */
export interface StoredTable {
  /** As it was created, which need not be how the statement writes it. */
  readonly name: string;
  readonly sql: string;
}

/** @throws UsageError `unknown_table`, or UnsupportedError for what is no table. */
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
 * Makes a table anew with another definition and the same rows, indexes and triggers. Runs with foreign keys switched off: dropping the old
 * table deletes no row that refers to it.
 *
 * @throws UsageError or UnsupportedError for what cannot be done, before anything has changed; an error of SQLite when a row does not fit;
 * UnsupportedError when a view, a trigger or a foreign key would not work any more.
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
  await run(`drop table ${quote(table.name)}`);
  await rename(temporary, table.name, run);
  for (const sql of dependents) await run(sql);
  if (isAnalyzed) await run(`analyze ${quote(table.name)}`);
  assertStillWorks(table.name, broken, await findBroken(table.name, run));
}

/** The indexes and triggers of a table, without those of a dropped column. SQLite makes the indexes of constraints itself. */
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
  const into = columns.map(quote);
  const select = columns.map((name) => values.get(name) ?? quote(name));
  const rowid = rowidOf(source, target);
  if (rowid !== undefined) {
    into.unshift(rowid);
    select.unshift(rowid);
  }
  if (into.length === 0) throw new UnsupportedError(`No column of "${from}" would be left.`);
  await run(`insert into ${quote(to)} (${into.join(', ')}) select ${select.join(', ')} from ${quote(from)}`);
}

/** What copying needs to know of a table's columns. */
interface Columns {
  readonly names: readonly string[];
  /** Without generated columns. */
  readonly stored: readonly string[];
  /** Whether its rows have numbers that no column shows. */
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

/** The name of the rowid, where it is to be copied: full-text indexes, and applications of their own, refer to it. */
function rowidOf(source: Columns, target: Columns): string | undefined {
  if (!source.hasHiddenRowid || !target.hasHiddenRowid) return undefined;
  const taken = new Set([...source.names, ...target.names].map((name) => name.toLowerCase()));
  return ['rowid', 'oid', '_rowid_'].find((name) => !taken.has(name));
}

/** The last number an AUTOINCREMENT gave must not be given again, although its row is gone. */
async function copySequence(from: string, to: string, change: TableChange, run: RunSql): Promise<void> {
  if (!namesIn(tokenize(change.definition.sql)).includes('autoincrement')) return;
  const last = await run('select seq from sqlite_sequence where name = ?', from);
  if (last.length === 0) return;
  await run(`delete from sqlite_sequence where name = ${literal(to)}`);
  await run(
    `insert into sqlite_sequence (name, seq) select ${literal(to)}, seq from sqlite_sequence where name = ${literal(from)}`,
  );
}

/** Without the pragma SQLite would refuse as long as a view or a trigger names the table, which is gone at this moment. */
async function rename(from: string, to: string, run: RunSql): Promise<void> {
  await run('pragma legacy_alter_table = on');
  await run(`alter table ${quote(from)} rename to ${quote(to)}`);
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
