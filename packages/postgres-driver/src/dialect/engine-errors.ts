import {
  CommitUnknownError,
  type DatabaseSession,
  type DatabaseTransaction,
  type DialectDatabase,
  SluiceError,
} from '@sluice/core';
import { isDatabaseError } from '../errors/errors.js';

/**
 * Wraps a database so that it throws the server's own errors in place of Sluice's, as Kysely's own dialect does. Errors that the server did not raise
 * are unchanged: a deadline, a full queue, a lost connection, a COMMIT whose outcome is unknown.
 */
export function withEngineErrors(database: DialectDatabase & Sessions): DialectDatabase {
  return {
    ...callsWithEngineErrors(database),
    session: (options) => sessionWithEngineErrors(database.session(options)),
    close: () => database.close(),
  };
}

type Sessions = Required<Pick<DialectDatabase, 'session'>>;
type Calls = Pick<DialectDatabase, 'begin' | 'execute' | 'stream'>;

function callsWithEngineErrors(calls: Calls): Calls {
  return {
    execute: (statement, options) => orEngineError(() => calls.execute(statement, options)),
    stream: (statement, batchSize, options) =>
      streamOrEngineError(calls.stream(statement, batchSize, options)),
    begin: (options) => orEngineError(async () => transactionWithEngineErrors(await calls.begin(options))),
  };
}

function sessionWithEngineErrors(session: DatabaseSession): DatabaseSession {
  return {
    ...callsWithEngineErrors(session),
    get isHeld() {
      return session.isHeld;
    },
    kill: () => session.kill?.(),
    release: () => session.release(),
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

/** Resolves as `work` does, or rejects with the server's error, whose stack is then that of the caller. */
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

/** The server's error, where `error` wraps one; else `error`. @param caller the function to leave out of the stack. */
function engineErrorOf(error: unknown, caller: (...parameters: never[]) => unknown): unknown {
  if (!(error instanceof SluiceError) || error instanceof CommitUnknownError) return error;
  const { cause } = error;
  if (!isDatabaseError(cause)) return error;
  // The error was created where the answer was parsed, so its stack does not show the caller.
  Error.captureStackTrace(cause, caller);
  return cause;
}
