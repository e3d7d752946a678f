import { withinDeadline } from '../call/within-deadline.js';
import type { BeginOptions, Database } from '../driver/driver.js';
import { UniqueViolationError } from '../errors/data-errors.js';
import { ConflictError } from '../errors/flow-errors.js';
import { type OnReplay, replay, replayReason } from './replay.js';
import { TransactionScope } from './transaction-scope.js';

/** What a transaction runs on. */
export interface TransactionHost {
  /** The storage, to tell its own transactions from another's. */
  readonly owner: object;
  readonly database: Pick<Database, 'begin'>;
  readonly onReplay: OnReplay;
  /** Told when a rollback failed. The first error is what the caller sees. */
  readonly onRollbackFailure: (error: unknown) => void;
}

/**
 * Runs `callback` in a transaction and commits it; on a conflict runs it again, whole, until the deadline (contract C3).
 * What `afterCommit` was given runs once, after the commit.
 */
export async function runTransaction<T>(
  host: TransactionHost,
  callback: (scope: TransactionScope) => Promise<T>,
  options: BeginOptions,
): Promise<T> {
  let knownViolations: readonly UniqueViolationError[] = [];
  const { scope, result } = await replay(
    (count) => attempt(host, callback, { ...options, attempt: count, knownViolations }),
    options,
    (event, error) => {
      knownViolations = violationsKnownAfter(error, knownViolations);
      host.onReplay(event, error);
    },
  );
  await scope.runAfterCommit();
  return result;
}

/** A violation that comes again is believed. After another conflict nothing is known: others were at work, and may have removed the row. */
function violationsKnownAfter(
  error: unknown,
  known: readonly UniqueViolationError[],
): readonly UniqueViolationError[] {
  const cause = error instanceof ConflictError ? error.cause : undefined;
  return cause instanceof UniqueViolationError ? [...known, cause] : [];
}

async function attempt<T>(
  host: TransactionHost,
  callback: (scope: TransactionScope) => Promise<T>,
  options: BeginOptions,
): Promise<{ readonly scope: TransactionScope; readonly result: T }> {
  const scope = new TransactionScope(host.owner, await host.database.begin(options));
  try {
    // A callback that outlives its deadline or its signal must not hold the transaction open.
    const result = await withinDeadline(
      scope.run(async () => {
        const returned = await callback(scope);
        await scope.finish();
        return returned;
      }),
      options,
      'the transaction was rolled back',
    );
    await scope.commit();
    return { scope, result };
  } catch (error) {
    const undone = await rollback(scope, host);
    // A conflict is replayed even when the callback caught it and threw, or returned, something else.
    const failure = scope.failure?.cause;
    throw replayReason(failure) === undefined ? (undone ?? error) : failure;
  }
}

/** A conflict when what the callback had seen, and maybe thrown about, was never committed. */
async function rollback(scope: TransactionScope, host: TransactionHost): Promise<ConflictError | undefined> {
  try {
    await scope.rollback();
  } catch (error) {
    if (error instanceof ConflictError) return error;
    host.onRollbackFailure(error);
  }
  return undefined;
}
