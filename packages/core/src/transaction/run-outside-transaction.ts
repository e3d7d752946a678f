import { withinDeadline } from '../call/within-deadline.js';
import type { DatabaseTransaction, SchemaChangeOptions } from '../driver/driver.js';
import type { TransactionHost } from './run-transaction.js';
import { TransactionScope } from './transaction-scope.js';

/** What a schema change without a transaction runs on. */
export interface OutsideHost extends Pick<TransactionHost, 'onRollbackFailure' | 'owner'> {
  readonly begin: (options: SchemaChangeOptions) => Promise<DatabaseTransaction>;
}

/**
 * Runs `callback` once, with a scope in which each statement commits by itself. A failure undoes nothing, so nothing is ever replayed. As in a transaction,
 * no statement runs after one that failed, also when the callback has caught the error.
 */
export async function runOutsideTransaction<T>(
  host: OutsideHost,
  callback: (scope: TransactionScope) => Promise<T>,
  options: SchemaChangeOptions,
): Promise<T> {
  const scope = new TransactionScope(host.owner, await host.begin(options));
  try {
    return await withinDeadline(
      scope.run(async () => {
        const returned = await callback(scope);
        await scope.finish();
        return returned;
      }),
      options,
      'what had been done stays, because no transaction was open',
    );
  } finally {
    await scope.rollback().catch(host.onRollbackFailure);
  }
}
