import type { Failure } from '../errors/failure.js';
import { describeForeignKey } from '../schema/describe-violation.js';
import type { ThreadConnection } from '../thread/thread-connection.js';

/**
 * Switches the enforcement of foreign keys. SQLite ignores the pragma inside a transaction, so the result is checked: with the keys on,
 * dropping a table for its rebuild would delete the rows that refer to it.
 */
export function switchForeignKeys(connection: ThreadConnection, isOn: boolean): void {
  connection.pragma(`foreign_keys = ${isOn ? 'on' : 'off'}`);
  // A rebuild that failed half way may have left it on.
  connection.pragma('legacy_alter_table = off');
  if (readForeignKeys(connection) !== isOn) throw new Error('SQLite did not switch the foreign keys.');
}

/** Whether foreign keys are enforced. */
export function readForeignKeys(connection: ThreadConnection): boolean {
  const [row] = connection.pragma('foreign_keys') as { foreign_keys: number }[];
  return row?.foreign_keys === 1;
}

/** The failure of a COMMIT that would leave a foreign key pointing nowhere. Every row of every table is checked. */
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
