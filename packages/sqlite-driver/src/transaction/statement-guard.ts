import { UnsupportedError, UsageError } from '@sluice/core';
import { REBUILDING } from '../rebuild/alter-table.js';
import { statementKind, withoutLeadingComments } from '../sql/statement.js';

/**
 * Refuses, outside a transaction, a statement that would change the state of a connection, because other callers use the connection as well.
 * What is temporary is refused by the writer's thread, which can ask SQLite whether there is any.
 *
 * @throws UsageError `invalid_query` or UnsupportedError, saying what to use instead.
 */
export function assertAllowedOutside(sql: string): void {
  switch (statementKind(sql)) {
    case 'savepoint':
    case 'transaction':
      throw invalid(
        "A transaction is begun by storage.write, storage.read or Kysely's transaction(), not by a statement.",
      );
    case 'pragma':
      assertHarmlessPragma(sql);
      break;
    default:
      assertAllowedAnywhere(sql);
  }
}

/**
 * Refuses, inside a transaction, a statement that would end the transaction or take effect outside it. Savepoints are allowed.
 *
 * @throws UsageError `invalid_query` or UnsupportedError, saying what to use instead.
 */
export function assertAllowedInside(sql: string): void {
  switch (statementKind(sql)) {
    case 'transaction':
      throw invalid('The transaction is ended by its callback: returning commits, throwing rolls back.');
    case 'solo':
      throw invalid(
        "VACUUM cannot run inside a transaction. Run it by itself; Kysely's Migrator runs a migration with it with `disableTransactions: true`.",
      );
    case 'pragma':
      assertHarmlessPragma(sql);
      break;
    default:
      assertAllowedAnywhere(sql);
  }
}

function assertAllowedAnywhere(sql: string): void {
  if (statementKind(sql) === 'connection') {
    throw new UnsupportedError(
      'ATTACH and DETACH are not offered: a commit over two files is not atomic in WAL mode. Open a second storage.',
    );
  }
}

/** Pragmas that only read, or that are stored in the file. Their effect does not depend on the connection. */
const HARMLESS: ReadonlySet<string> = new Set([
  'analysis_limit',
  'application_id',
  'collation_list',
  'compile_options',
  'data_version',
  'database_list',
  'foreign_key_check',
  'foreign_key_list',
  'freelist_count',
  'function_list',
  'index_info',
  'index_list',
  'index_xinfo',
  'integrity_check',
  'module_list',
  'optimize',
  'page_count',
  'pragma_list',
  'quick_check',
  'table_info',
  'table_list',
  'table_xinfo',
  'user_version',
]);

/** Settings that the driver makes itself. Existing applications repeat them, so they are allowed. */
const RESTATED: ReadonlySet<string> = new Set([
  'foreign_keys=1',
  'foreign_keys=on',
  'foreign_keys=true',
  'foreign_keys=yes',
  'journal_mode=wal',
]);

/** Why a pragma is refused that is used to rebuild a table. */
const REFUSED: ReadonlyMap<string, string> = new Map([
  [
    'foreign_keys',
    'Foreign keys cannot be switched off here; inside a transaction SQLite itself ignores it.',
  ],
  [
    'defer_foreign_keys',
    'The check of foreign keys cannot be deferred; DROP TABLE would delete the rows of ON DELETE CASCADE all the same.',
  ],
]);

const PRAGMA = /^pragma\s+(?:main\s*\.\s*)?([a-z_]+)\s*(?:=\s*(.+?)|\((.*)\))?\s*;?\s*$/is;

function assertHarmlessPragma(sql: string): void {
  const [, name = '', assigned, argument] = PRAGMA.exec(withoutLeadingComments(sql)) ?? [];
  const pragma = name.toLowerCase();
  const value = (assigned ?? argument)?.replaceAll(/['"\s]/g, '').toLowerCase();
  if (pragma !== '' && value === undefined) return;
  if (HARMLESS.has(pragma) || RESTATED.has(`${pragma}=${value}`)) return;
  const refusal = REFUSED.get(pragma);
  if (refusal !== undefined) throw invalid(`${refusal} ${REBUILDING}`);
  throw invalid(
    `The driver sets the pragmas of its connections itself, so "${pragma}" cannot be changed by a statement. Its options do: see sqlite({ … }).`,
  );
}

function invalid(message: string): UsageError {
  return new UsageError('invalid_query', message);
}
