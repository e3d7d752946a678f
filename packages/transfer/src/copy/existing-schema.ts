import { ConfigurationError } from '@sluice/core/errors';
import type { PlannedColumn, PlannedTable, TransferPlan } from '../plan/transfer-plan.js';
import { quoteName } from '../sql/quote.js';
import type { PostgresSession } from '../target/postgres-session.js';
import { type PostgresColumn, type PostgresTable, readPostgresTables } from '../target/postgres-tables.js';
import { parseColumnType } from '../values/column-type.js';
import type { ValueForm } from '../values/encode-value.js';

/** Tables in which migrations are recorded, and what a way back left: each side has its own. */
export const BOOKKEEPING: ReadonlySet<string> = new Set([
  'kysely_migration',
  'kysely_migration_lock',
  'sluice_migration',
  'sluice_quarantine',
]);

/**
 * The plan for tables that the application's own migrations have made: their columns and types decide. They must be empty, and no
 * foreign keys may go round in a circle.
 *
 * @throws ConfigurationError naming what is missing or does not fit.
 */
export async function planForExisting(session: PostgresSession, plan: TransferPlan): Promise<TransferPlan> {
  const existing = await readPostgresTables(session);
  const tables = plan.tables.filter(isData).map((table) => adoptTable(table, existing));
  for (const { target } of tables) await assertEmpty(session, target);
  return {
    ...plan,
    schema: 'existing',
    tables: parentsFirst(tables, existing),
    statements: [],
    untranslated: [],
  };
}

/** Whether a table holds data of the application, and not the record of its migrations. */
export function isData({ source }: { readonly source: string }): boolean {
  return !BOOKKEEPING.has(source);
}

/** A planned table with the names and types that it has in PostgreSQL. */
export function adoptTable(table: PlannedTable, existing: readonly PostgresTable[]): PlannedTable {
  const found =
    existing.find(({ name }) => name === table.target) ??
    existing.find(({ name }) => name.toLowerCase() === table.target.toLowerCase());
  if (found === undefined) {
    throw invalid(
      `The target has no table ${quoteName(table.target)}. Run the migrations first, or leave it out with --exclude.`,
    );
  }
  const columns = table.columns.map((column) => adoptColumn(column, found));
  for (const column of found.columns) {
    const isMissing = columns.every(({ target }) => target !== column.name);
    if (isMissing && column.isNotNull && !column.hasDefault && !column.isGenerated) {
      throw invalid(
        `${quoteName(found.name)}.${quoteName(column.name)} must have a value, and the source has no such column.`,
      );
    }
  }
  const isMapped = found.primaryKey.every((key) => columns.some(({ target }) => target === key));
  return {
    ...table,
    target: found.name,
    columns,
    primaryKey: isMapped ? found.primaryKey : [],
    statements: [],
  };
}

function adoptColumn(column: PlannedColumn, table: PostgresTable): PlannedColumn {
  const found =
    table.columns.find(({ name }) => name === column.target) ??
    table.columns.find(({ name }) => name.toLowerCase() === column.target.toLowerCase());
  const place = `${quoteName(table.name)}.${quoteName(column.target)}`;
  if (found === undefined) throw invalid(`The target has no column ${place}. Add it in a migration.`);
  const type = parseColumnType(found.type);
  if (type === undefined) throw invalid(`${place} is ${found.type}, a type that a transfer does not write.`);
  return {
    ...column,
    target: found.name,
    type: found.type,
    form: formFor(column, found, type.name, place),
    why: 'the type of the existing column',
    isNotNull: found.isNotNull,
    generatedSql: found.isGenerated ? (column.generatedSql ?? '') : null,
    identityNext: found.isIdentity ? (column.identityNext ?? '1') : null,
  };
}

function formFor(column: PlannedColumn, found: PostgresColumn, type: string, place: string): ValueForm {
  const isTime = type === 'date' || type === 'timestamp' || type === 'timestamptz';
  if (type === 'boolean')
    return /^(?:text|varchar)/.test(column.type) ? 'words' : column.form === 'words' ? 'words' : 'plain';
  if (!isTime) return 'plain';
  if (column.form !== 'plain' && column.form !== 'words') return column.form;
  if (/^(?:text|varchar)/.test(column.type)) return 'iso';
  throw invalid(
    `${place} is ${found.type}, and the source holds numbers. Say in the plan what they mean: "form": "epoch-ms", "epoch-s" or "julian".`,
  );
}

async function assertEmpty(session: PostgresSession, table: string): Promise<void> {
  const rows = await session.query(`select 1 from ${quoteName(table)} limit 1`);
  if (rows.length > 0) throw invalid(`The target is not empty: ${quoteName(table)} has rows.`);
}

/** Tables in an order in which every foreign key finds its parent; one to its own table does not matter within a COPY. */
function parentsFirst(tables: readonly PlannedTable[], existing: readonly PostgresTable[]): PlannedTable[] {
  const sorted: PlannedTable[] = [];
  const left = new Set(tables);
  while (left.size > 0) {
    const ready = [...left].filter(({ target }) => {
      const parents = existing.find(({ name }) => name === target)?.parents ?? [];
      return parents.every(
        (parent) => parent === target || [...left].every((other) => other.target !== parent),
      );
    });
    if (ready.length === 0) {
      const names = [...left].map(({ target }) => quoteName(target)).join(', ');
      throw invalid(
        `Foreign keys go round in a circle between ${names}. Let the transfer make the schema, or drop one of them meanwhile.`,
      );
    }
    for (const table of ready) {
      sorted.push(table);
      left.delete(table);
    }
  }
  return sorted;
}

function invalid(message: string): ConfigurationError {
  return new ConfigurationError('invalid_configuration', message);
}
