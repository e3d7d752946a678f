import type { Storage, StorageTransaction, TransactionOptions } from '@sluice/core';

/**
 * Runs a test in a write transaction that is always rolled back, so that tests share one database and leave nothing in it. What
 * `afterCommit` was given does not run. Returns what `callback` returns.
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
