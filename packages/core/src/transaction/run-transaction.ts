import { withinDeadline } from '../call/within-deadline.js';
import type { BeginOptions, Database } from '../driver/driver.js';
import { UniqueViolationError } from '../errors/data-errors.js';
import { ConflictError } from '../errors/flow-errors.js';
import { type OnReplay, replay, replayReason } from './replay.js';
import { TransactionScope } from './transaction-scope.js';

/** What a transaction runs on. */
export interface TransactionHost {
  /** The storage. It tells its own transactions from those of another storage. */
  readonly owner: object;
  readonly database: Pick<Database, 'begin'>;
  readonly onReplay: OnReplay;
  /** Called when a rollback failed. The caller gets the first error, not this one. */
  readonly onRollbackFailure: (error: unknown) => void;
}

/**
 * Runs `callback` in a transaction and commits it. After a conflict it runs the whole callback again, until the deadline (contract C3).
 * The `afterCommit` callbacks run once, after the commit.
 */
export async function runTransaction<T>(
  host: TransactionHost,
  callback: (scope: TransactionScope) => Promise<T>,
  options: BeginOptions,
): Promise<T> {
  let knownViolations: readonly UniqueViolationError[] = [];
  const { scope, result } = await replay(
    (count) => attempt(host, callback, { ...options, isReplayable: true, attempt: count, knownViolations }),
    options,
    (event, error) => {
      knownViolations = violationsKnownAfter(error, knownViolations);
      host.onReplay(event, error);
    },
  );
  await scope.runAfterCommit();
  return result;
}

/**
 * Collects the unique violations of consecutive attempts: a violation that comes again is real, not a stale one. Any other conflict empties the
 * list, because the other transaction may have removed the row.
 */
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
    // A callback that runs past its deadline, or after its signal, must not keep the transaction open.
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
    // A conflict is replayed also when the callback caught it and then threw, or returned, something else.
    const failure = scope.failure?.cause;
    throw replayReason(failure) === undefined ? (undone ?? error) : failure;
  }
}

/** Rolls back. Returns a ConflictError when the transaction had read data that was never committed: then the callback's own error may be wrong. */
async function rollback(scope: TransactionScope, host: TransactionHost): Promise<ConflictError | undefined> {
  try {
    await scope.rollback();
  } catch (error) {
    if (error instanceof ConflictError) return error;
    host.onRollbackFailure(error);
  }
  return undefined;
}
