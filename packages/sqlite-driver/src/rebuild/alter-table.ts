import { UnsupportedError, UsageError } from '@sluice/core';
import {
  AddColumnNode,
  AlterColumnNode,
  AlterTableNode,
  type ColumnDefinitionNode,
  DataTypeNode,
  DropColumnNode,
  RawNode,
  RenameColumnNode,
} from 'kysely';
import { addColumn, alterColumn, dropColumn } from './column-changes.js';
import { compileNode } from './compile-node.js';
import { addConstraint, dropConstraint, renameConstraint } from './constraint-changes.js';
import type { RunSql } from './run-sql.js';
import type { TableChange } from './table-change.js';
import { readTable, rebuildTable } from './table-rebuild.js';

/** Where a table can be rebuilt. */
export const REBUILDING =
  "Rebuild a table in a migration of the storage, or on a connection() of the dialect, outside a transaction, between `pragma foreign_keys = off` and `pragma foreign_keys = on`: Kysely's Migrator runs migrations like that with `disableTransactions: true`.";

/** An ALTER TABLE with exactly one alteration. */
type Alteration = AlterTableNode;

/**
 * Runs an ALTER TABLE. Uses SQLite's own ALTER TABLE where possible, and otherwise rebuilds the table (sqlite.org/lang_altertable.html, 7).
 * Consecutive alterations that need a rebuild share one.
 *
 * @throws UsageError or UnsupportedError for an alteration that is not possible, before its rebuild changes anything; SQLite's error when a row
 * does not fit the new definition.
 */
export async function alterTable(node: AlterTableNode, run: RunSql): Promise<void> {
  let waiting: Alteration[] = [];
  const rebuild = async (): Promise<void> => {
    const alterations = waiting;
    waiting = [];
    if (alterations.length > 0) await rebuildTable(tableOf(node), alterations.map(toChange), run);
  };
  for (const alteration of split(node)) {
    if (!isOwn(alteration) || (await needsFreshChecks(alteration, run))) {
      waiting.push(alteration);
      continue;
    }
    await rebuild();
    await run(compileNode(alteration));
  }
  await rebuild();
}

/**
 * Refuses an ALTER TABLE that needs a rebuild.
 *
 * @throws UsageError that names where it is possible.
 */
export function assertOwnAlteration(node: AlterTableNode): void {
  const [only, another] = split(node);
  const isDrop = only?.columnAlterations?.some((each) => DropColumnNode.is(each) && !each.ifExists) ?? false;
  if (only !== undefined && another === undefined && (isDrop || isOwn(only))) return;
  throw new UsageError(
    'invalid_query',
    `This change of "${tableOf(node)}" rebuilds the table in SQLite, for which foreign keys must be switched off. ${REBUILDING}`,
  );
}

function tableOf({ table }: AlterTableNode): string {
  return table.table.identifier.name;
}

function split(node: AlterTableNode): Alteration[] {
  const { columnAlterations } = node;
  if (columnAlterations === undefined) return [node];
  return columnAlterations.map((each) =>
    AlterTableNode.cloneWithColumnAlteration(AlterTableNode.create(node.table), each),
  );
}

/**
 * Whether SQLite's ALTER TABLE can do it, with PostgreSQL's result. Its DROP COLUMN cannot: it fails if a constraint or an index has the
 * column.
 */
function isOwn({ renameTo, columnAlterations: [alteration] = [] }: Alteration): boolean {
  if (renameTo !== undefined) return true;
  if (alteration === undefined) return false;
  if (RenameColumnNode.is(alteration)) return true;
  return AddColumnNode.is(alteration) && isPlain(alteration.column);
}

/** Whether SQLite can add the column to a table with rows (sqlite.org/lang_altertable.html, 5). */
function isPlain({ ifNotExists, primaryKey, unique, ...column }: ColumnDefinitionNode): boolean {
  if (ifNotExists || primaryKey || unique || column.autoIncrement || column.generated) return false;
  if (DataTypeNode.is(column.dataType) && /serial$/.test(column.dataType.dataType)) return false;
  const value = column.defaultTo?.defaultValue;
  if (value === undefined) return !column.notNull;
  return !RawNode.is(value) || LITERAL.test(value.sqlFragments.join('?'));
}

const LITERAL = /^\s*(?:'(?:[^']|'')*'|[+-]?\d+(?:\.\d+)?|true|false)\s*$/i;

/** Whether a column is added under the old name of a renamed column, whose type check still has that name. */
async function needsFreshChecks(
  { table, columnAlterations: [added] = [] }: Alteration,
  run: RunSql,
): Promise<boolean> {
  if (added === undefined || !AddColumnNode.is(added)) return false;
  const { sql } = await readTable(table.table.identifier.name, run);
  return sql.includes(`:${added.column.column.column.name.replaceAll('"', '""')}" check`);
}

function toChange(alteration: Alteration): (change: TableChange) => void {
  const { addConstraint: added, dropConstraint: dropped, renameConstraint: renamed } = alteration;
  const [column] = alteration.columnAlterations ?? [];
  if (added !== undefined) return (change) => addConstraint(change, added, compileNode);
  if (dropped !== undefined) return (change) => dropConstraint(change, dropped);
  if (renamed !== undefined) return (change) => renameConstraint(change, renamed);
  if (column !== undefined) {
    if (AddColumnNode.is(column)) return (change) => addColumn(change, column, compileNode);
    if (DropColumnNode.is(column)) return (change) => dropColumn(change, column);
    if (AlterColumnNode.is(column)) return (change) => alterColumn(change, column, compileNode);
  }
  throw new UnsupportedError(
    `This change of "${tableOf(alteration)}" does not mean the same on every driver. Indexes are made by createIndex and dropped by dropIndex.`,
  );
}
