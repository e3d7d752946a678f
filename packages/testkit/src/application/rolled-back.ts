import type { Storage, StorageTransaction, TransactionOptions } from '@sluice/core';

/**
 * Runs a test in a write transaction that is always rolled back. So tests can share one database and leave no rows in it. Functions given
 * to `afterCommit` do not run. Returns the result of `callback`.
 */
export async function rolledBack<DB, T>(
  storage: Storage<DB>,
  callback: (tx: StorageTransaction<DB>) => Promise<T>,
  options?: TransactionOptions,
): Promise<T> {
  const undo = new UndoError();
  let result: { readonly value: T } | undefined;
  await storage
    .write(async (tx) => {
      result = { value: await callback(tx) };
      throw undo;
    }, options)
    .catch((error: unknown) => {
      if (error !== undo) throw error;
    });
  if (result === undefined) throw new Error('The storage ended a transaction without running its callback.');
  return result.value;
}

class UndoError extends Error {}
