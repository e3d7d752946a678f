import type { Failure } from '../errors/failure.js';
import { describeForeignKey } from '../schema/describe-violation.js';
import type { ThreadConnection } from '../thread/thread-connection.js';

/**
 * Switches the enforcement of foreign keys, outside a transaction. SQLite ignores the pragma inside one, so the result is checked: with enforced
 * keys, dropping a table for its rebuild would delete the rows that refer to it.
 *
 * @throws Error when SQLite did not switch.
 */
export function switchForeignKeys(connection: ThreadConnection, isOn: boolean): void {
  connection.pragma(`foreign_keys = ${isOn ? 'on' : 'off'}`);
  // A rebuild that failed may have left it on.
  connection.pragma('legacy_alter_table = off');
  if (areForeignKeysEnforced(connection) !== isOn) throw new Error('SQLite did not switch the foreign keys.');
}

/** Whether foreign keys are enforced. */
function areForeignKeysEnforced(connection: ThreadConnection): boolean {
  const [row] = connection.pragma('foreign_keys') as { foreign_keys: number }[];
  return row?.foreign_keys === 1;
}

/** How many rows the connection has changed since it was opened, those of a table's own schema not included. */
export function totalChanges(connection: ThreadConnection): number {
  const [row] = connection.rows<{ count: number }>('select total_changes() as count');
  return row?.count ?? 0;
}

/**
 * Raises SQLite's count of schema changes by changing the schema and changing it back; SQLite refuses to have the count set. A migration that changes
 * only rows then has a version of its own too, so that backups from before and after it can be told apart.
 */
export function raiseSchemaVersion(connection: ThreadConnection): void {
  connection.control('create view sluice_version as select 1');
  connection.control('drop view sluice_version');
}

/** The failure of a COMMIT that would leave a foreign key without its parent row. Checks every row of every table. */
export function findBrokenForeignKey(connection: ThreadConnection): Failure | undefined {
  const [row] = connection.rows<{ table: string; id: number }>(
    'select "table", fkid as id from pragma_foreign_key_check limit 1',
  );
  if (row === undefined) return undefined;
  return {
    code: 'SQLITE_CONSTRAINT_FOREIGNKEY',
    name: 'SqliteError',
    message: 'FOREIGN KEY constraint failed',
    phase: 'commit',
    details: describeForeignKey(connection, row.table, row.id),
  };
}
