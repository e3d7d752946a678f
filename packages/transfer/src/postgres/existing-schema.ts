import { ConfigurationError } from '@sluice/core/errors';
import type { PlannedColumn, PlannedStatement, PlannedTable, TransferPlan } from '../plan/transfer-plan.js';
import { quoteName } from '../sql/quote.js';
import { parseColumnType } from '../values/column-type.js';
import type { ValueForm } from '../values/encode-value.js';
import { scaleOfForm } from '../values/scaled-numeric.js';
import type { PostgresSession } from './session.js';
import {
  type PostgresColumn,
  type PostgresForeignKey,
  type PostgresTable,
  readPostgresTables,
} from './tables.js';

/** Tables that are not data: the records of migrations, and the quarantine of a way back. Each side has its own. */
export const BOOKKEEPING: ReadonlySet<string> = new Set([
  'kysely_migration',
  'kysely_migration_lock',
  'sluice_migration',
  'sluice_quarantine',
]);

/**
 * Adapts the plan to the tables that the application's migrations have created: their names and types replace the planned ones. The tables must
 * be empty. Foreign keys that form a cycle become statements of the plan: they are dropped before the copy, and created again afterwards.
 *
 * @throws ConfigurationError naming the table or column that is missing or does not fit.
 */
export async function planForExisting(session: PostgresSession, plan: TransferPlan): Promise<TransferPlan> {
  const existing = await readPostgresTables(session);
  const tables = plan.tables.filter(isData).map((table) => adoptTable(table, existing));
  for (const { target } of tables) await assertEmpty(session, target);
  const { sorted, cut } = parentsFirst(tables, existing);
  return { ...plan, schema: 'existing', tables: sorted, statements: cut, untranslated: [] };
}

/** Whether a table holds data of the application. */
export function isData({ source }: { readonly source: string }): boolean {
  return !BOOKKEEPING.has(source);
}

/** A planned table, with the names and types of the existing one. */
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
  if (scaleOfForm(column.form) !== undefined) return column.form;
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

/** Foreign keys by table. */
type KeysByTable = Map<string, readonly PostgresForeignKey[]>;

/**
 * Sorts tables topologically, parents first. Of each cycle, some foreign keys are `cut`: they are to be dropped during the copy. A foreign key
 * to its own table does not matter, because COPY checks it at the end.
 */
function parentsFirst(
  tables: readonly PlannedTable[],
  existing: readonly PostgresTable[],
): { readonly sorted: PlannedTable[]; readonly cut: PlannedStatement[] } {
  const sorted: PlannedTable[] = [];
  const cut: PlannedStatement[] = [];
  const left: KeysByTable = new Map(
    tables.map(({ target }) => {
      const keys = existing.find(({ name }) => name === target)?.foreignKeys ?? [];
      return [target, keys.filter(({ parent }) => parent !== target)];
    }),
  );
  while (left.size > 0) {
    const ready = tables.filter(
      ({ target }) => left.get(target)?.every(({ parent }) => !left.has(parent)) === true,
    );
    sorted.push(...ready);
    for (const { target } of ready) left.delete(target);
    if (ready.length > 0) continue;
    const [table, parent] = cycleIn(left);
    const keys = left.get(table) ?? [];
    cut.push(...keys.filter((key) => key.parent === parent).map((key) => createAgain(table, key)));
    left.set(
      table,
      keys.filter((key) => key.parent !== parent),
    );
  }
  return { sorted, cut };
}

/** A table of a cycle and its parent in that cycle. Every table in `left` refers to another one in `left`. */
function cycleIn(left: KeysByTable): readonly [table: string, parent: string] {
  const path = new Map<string, string>();
  let [table = ''] = left.keys();
  for (let next = path.get(table); next === undefined; next = path.get(table)) {
    const parent = left.get(table)?.find((key) => left.has(key.parent))?.parent ?? '';
    path.set(table, parent);
    table = parent;
  }
  return [table, path.get(table) ?? ''];
}

function createAgain(table: string, { name, definition }: PostgresForeignKey): PlannedStatement {
  const sql = `alter table ${quoteName(table)} add constraint ${quoteName(name)} ${definition}`;
  return { object: `foreign key ${name} of ${table}`, sql };
}

function invalid(message: string): ConfigurationError {
  return new ConfigurationError('invalid_configuration', message);
}
