import { CommitUnknownError, type Database, type DatabaseTransaction, SluiceError } from '@sluice/core';
import { isDatabaseError } from '../errors/errors.js';

/** What a Kysely dialect runs on. */
type DialectDatabase = Pick<Database, 'begin' | 'close' | 'execute' | 'stream'>;

/**
 * The same database with the server's own errors in place of Sluice's, as Kysely's own dialect throws them. What is no error of the server stays: a
 * deadline, a full queue, a lost connection, and a COMMIT of unknown outcome.
 */
export function withEngineErrors(database: DialectDatabase): DialectDatabase {
  return {
    execute: (statement, options) => orEngineError(() => database.execute(statement, options)),
    stream: (statement, batchSize, options) =>
      streamOrEngineError(database.stream(statement, batchSize, options)),
    begin: (options) => orEngineError(async () => transactionWithEngineErrors(await database.begin(options))),
    close: () => database.close(),
  };
}

function transactionWithEngineErrors(transaction: DatabaseTransaction): DatabaseTransaction {
  return {
    execute: (statement, options) => orEngineError(() => transaction.execute(statement, options)),
    stream: (statement, batchSize, options) =>
      streamOrEngineError(transaction.stream(statement, batchSize, options)),
    commit: () => orEngineError(() => transaction.commit()),
    rollback: () => orEngineError(() => transaction.rollback()),
  };
}

/** Resolves as `work` does, or rejects with the server's error and the stack of whoever awaits this. */
export async function orEngineError<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw engineErrorOf(error, orEngineError);
  }
}

async function* streamOrEngineError<T>(rows: AsyncIterable<T>): AsyncGenerator<T> {
  try {
    yield* rows;
  } catch (error) {
    throw engineErrorOf(error, streamOrEngineError);
  }
}

/** @param caller is left out of the stack. */
function engineErrorOf(error: unknown, caller: (...parameters: never[]) => unknown): unknown {
  if (!(error instanceof SluiceError) || error instanceof CommitUnknownError) return error;
  const { cause } = error;
  if (!isDatabaseError(cause)) return error;
  // It was made where the answer was parsed, far from any caller.
  Error.captureStackTrace(cause, caller);
  return cause;
}
