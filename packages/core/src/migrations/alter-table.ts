import type { AlterTableBuilder, AlterTableNode, DialectAdapter, Kysely, OperationNodeSource } from 'kysely';
import { TransactionAdapter } from './transaction-adapter.js';

/** A change of one table, as Kysely describes it. */
export type TableAlteration = AlterTableNode;

/** An adapter of an engine that cannot make every change of a table by a statement of its own. */
export interface AlteringAdapter extends DialectAdapter {
  /** Makes the change, by a statement or by rebuilding the table. @throws UnsupportedError before anything was changed. */
  alterTable(db: Kysely<unknown>, alteration: TableAlteration): Promise<void>;
}

/**
 * Changes a table in a migration, by the same calls on every driver: on PostgreSQL it is the ALTER TABLE that Kysely writes, on SQLite, which
 * lacks most of them, the driver rebuilds the table. Rows of children stay, and every foreign key is checked before the migration commits.
 *
 * @example
 * await alterTable(db, 'media', (table) => table.alterColumn('size', (column) => column.setDataType('bigint')));
 * await alterTable(db, 'media', (table) => table.addUniqueConstraint('media_slug_key', ['slug']));
 *
 * @param change one kind of change at a time, as built by Kysely; it is not to be executed.
 * @throws UnsupportedError for a change that the engine cannot make without changing values; UsageError outside of a migration, where
 * the driver needs one.
 */
export async function alterTable<DB>(
  db: Kysely<DB>,
  table: string,
  change: (table: AlterTableBuilder) => OperationNodeSource & { execute(): Promise<void> },
): Promise<void> {
  const built = change(db.schema.alterTable(table));
  const { adapter } = db.getExecutor();
  const own = adapter instanceof TransactionAdapter ? adapter.adapter : adapter;
  if (isAltering(own))
    await own.alterTable(db as unknown as Kysely<unknown>, built.toOperationNode() as TableAlteration);
  else await built.execute();
}

function isAltering(adapter: DialectAdapter): adapter is AlteringAdapter {
  return 'alterTable' in adapter;
}
