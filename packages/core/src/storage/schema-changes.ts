import type { Kysely } from 'kysely';
import type { BeginOptions, Database } from '../driver/driver.js';
import { type SchemaChange, toStatementOptions } from '../migrations/migrate-options.js';
import type { StorageMigratorOptions } from '../migrations/storage-migrator.js';
import { runOutsideTransaction } from '../transaction/run-outside-transaction.js';
import type { TransactionHost } from '../transaction/run-transaction.js';
import type { TransactionScope } from '../transaction/transaction-scope.js';
import type { KnownCatalog } from './known-catalog.js';
import type { StorageDatabase } from './storage-database.js';
import { type TransactionHandleHost, transactionKysely } from './transaction-handle.js';

/** What the schema changes of a storage run on. */
export interface SchemaChangesHost {
  readonly database: Database;
  readonly guarded: StorageDatabase;
  readonly catalog: KnownCatalog;
  readonly handle: TransactionHandleHost;
  readonly transaction: TransactionHost;
  readonly run: <T>(work: (scope: TransactionScope) => Promise<T>, options: BeginOptions) => Promise<T>;
}

/** How migrations run in a storage: in a transaction, and outside of one where the engine has use for that. The catalog is read again after each. */
export function schemaChanges(host: SchemaChangesHost): Pick<StorageMigratorOptions, 'run' | 'runOutside'> {
  const { database, guarded, catalog } = host;
  const kyselyOf = (scope: TransactionScope, change: SchemaChange, onStatement?: (sql: string) => void) =>
    createKysely(host.handle, scope, change, onStatement);
  const run: StorageMigratorOptions['run'] = async (work, change, onStatement) => {
    const { execute, lockTimeoutMs } = change;
    const options = { ...execute, access: 'write', isSchemaChange: true, lockTimeoutMs } as const;
    const result = await host.run((scope) => work(kyselyOf(scope, change, onStatement)), options);
    await catalog.read();
    return result;
  };
  const begin = database.beginOutsideTransaction?.bind(database);
  if (begin === undefined) return { run, runOutside: undefined };
  const runOutside: StorageMigratorOptions['runOutside'] = async (work, change) => {
    const { execute, lockTimeoutMs } = change;
    const callback = (scope: TransactionScope) => work(kyselyOf(scope, change));
    guarded.assertUsable();
    const result = await guarded
      .track('transactions', execute.label, () =>
        runOutsideTransaction({ ...host.transaction, begin }, callback, { ...execute, lockTimeoutMs }),
      )
      // A failure has undone nothing.
      .finally(() => catalog.doubt());
    await catalog.read();
    return result;
  };
  return { run, runOutside };
}

/** A Kysely without plugins, so that migrations see the names and values of the database. */
function createKysely(
  handle: TransactionHandleHost,
  scope: TransactionScope,
  change: SchemaChange,
  onStatement?: (sql: string) => void,
): Kysely<unknown> {
  const host = { ...handle, plugins: [], typed: undefined };
  return transactionKysely(scope, host, () => toStatementOptions(change), onStatement);
}
