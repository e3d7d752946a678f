import type {
  DatabaseTransaction,
  ExecuteOptions,
  Row,
  Statement,
  StatementResult,
} from '../driver/driver.js';
import {
  AbortedError,
  ClosedError,
  CommitUnknownError,
  OverloadedError,
  TimeoutError,
} from '../errors/flow-errors.js';
import { UsageError } from '../errors/usage-errors.js';
import { SerialQueue } from '../lane/serial-queue.js';
import { replayReason } from './replay.js';
import { endedError, SharedTransaction } from './shared-transaction.js';
import { enterLevel, type Inside, innermostOf, runInside } from './surroundings.js';

/**
 * Begins a transaction that the code which called, and what it goes on to call, runs inside of: for callbacks that are not handed to us,
 * as in `kysely.transaction().execute(callback)`. Must be called synchronously.
 */
export async function beginAround(
  owner: object,
  begin: () => Promise<DatabaseTransaction>,
): Promise<TransactionScope> {
  const giveLevel = enterLevel();
  const scope = new TransactionScope(owner, await begin());
  giveLevel(scope);
  return scope;
}

/**
 * One level of a transaction: the transaction itself, or a savepoint in it. It lets one statement through at a time, refuses to go on
 * after one has failed, as PostgreSQL does on its own, and refuses a handle that is used after its end or past an inner level.
 */
export class TransactionScope implements DatabaseTransaction, Inside {
  /** The storage this transaction belongs to. */
  readonly owner: object;
  readonly #transaction: SharedTransaction;
  readonly #parent: TransactionScope | undefined;
  readonly #afterCommit: (() => unknown)[] = [];
  readonly #calls = new SerialQueue();
  /** Releases {@link TransactionScope.#calls} from the open stream, whose reader may never return. */
  #releaseStream: (() => void) | undefined;
  /** Whether the reader of a stream has been handed rows and has not asked for more. */
  #isReaderBusy = false;
  #failure: { readonly cause: unknown } | undefined;
  #ended = false;
  /** Whether what was let in before the end is over. */
  #isFinished = false;
  #settled = false;
  #savepoints = 0;

  /** @param parent the level around this one, for a savepoint. */
  constructor(owner: object, transaction: DatabaseTransaction, parent?: TransactionScope) {
    this.owner = owner;
    this.#transaction = parent === undefined ? new SharedTransaction(transaction) : parent.#transaction;
    this.#parent = parent;
  }

  get isEnded(): boolean {
    return this.#ended || (this.#parent?.isEnded ?? false);
  }

  isInside(outer: Inside): boolean {
    if (this.isEnded || this.#parent === undefined) return false;
    return this.#parent === outer || this.#parent.isInside(outer);
  }

  /** The first error that broke this level; what the callback made of it does not matter. */
  get failure(): { readonly cause: unknown } | undefined {
    return this.#failure;
  }

  /** Runs `callback` with this level as the innermost one. */
  run<T>(callback: () => Promise<T>): Promise<T> {
    return runInside(this, callback);
  }

  /** Adds what runs once the whole transaction is durable; undone work takes it along. */
  afterCommit(callback: () => unknown): void {
    this.#assertUsable();
    this.#afterCommit.push(callback);
  }

  execute(statement: Statement, options: ExecuteOptions): Promise<StatementResult> {
    return this.#inTurn(() => this.#guard(() => this.#transaction.execute(statement, options)));
  }

  async *stream(
    statement: Statement,
    batchSize: number,
    options: ExecuteOptions,
  ): AsyncGenerator<readonly Row[]> {
    this.#assertUsable();
    const { ready, release } = this.#calls.hold();
    await ready;
    this.#releaseStream = release;
    try {
      this.#assertUsable();
      for await (const rows of this.#transaction.stream(statement, batchSize, options)) {
        this.#isReaderBusy = true;
        yield rows;
        this.#isReaderBusy = false;
      }
    } catch (error) {
      this.#break(error);
      throw error;
    } finally {
      this.#isReaderBusy = false;
      release();
    }
  }

  /** Runs `callback` in an inner level: what it did is undone when it throws, and the outer level goes on. */
  savepoint<T>(callback: (scope: TransactionScope) => Promise<T>, options: ExecuteOptions): Promise<T> {
    this.#savepoints += 1;
    const name = `sluice_${this.#savepoints}`;
    return this.#inTurn(async () => {
      await this.#control(`savepoint ${name}`, options);
      const inner = new TransactionScope(this.owner, this.#transaction, this);
      try {
        const result = await inner.run(() => callback(inner));
        await inner.finish();
        await this.#control(`release savepoint ${name}`, options);
        this.#afterCommit.push(...inner.#afterCommit);
        return result;
      } catch (error) {
        await inner.#end();
        await this.#undoTo(name, inner.#failure?.cause ?? error, options);
        throw error;
      }
    });
  }

  /** Ends this level: refuses more work, waits for what was let in, and rejects when the level is broken. */
  async finish(): Promise<void> {
    await this.#end();
    this.#isFinished = true;
    if (this.#failure !== undefined) throw this.#brokenError();
  }

  async commit(): Promise<void> {
    if (!this.#isFinished || this.#failure !== undefined) await this.finish();
    this.#settled = true;
    await this.#transaction.commit();
  }

  /** Undoes everything, without waiting for a callback that goes on. Does nothing after a commit was tried: its outcome stands. */
  async rollback(): Promise<void> {
    this.#ended = true;
    if (this.#settled) return;
    this.#settled = true;
    await this.#transaction.rollback();
  }

  /** Runs what waited for the commit, in order. */
  async runAfterCommit(): Promise<void> {
    for (const callback of this.#afterCommit) await callback();
  }

  /** Undoes a savepoint by hand, as Kysely's controlled transactions do; the level is whole again. */
  async rollbackToSavepoint(name: string, options: ExecuteOptions): Promise<void> {
    this.#assertNotEnded();
    await this.#calls.run(() => this.#transaction.execute(control(`rollback to savepoint ${name}`), options));
    if (!isFatal(this.#failure?.cause)) this.#failure = undefined;
  }

  async #end(): Promise<void> {
    this.#ended = true;
    if (this.#transaction.hasStreams) await this.#transaction.closeStreams();
    if (this.#isReaderBusy) this.#releaseStream?.();
    await this.#calls.pending;
  }

  async #undoTo(name: string, failure: unknown, options: ExecuteOptions): Promise<void> {
    if (isFatal(failure)) return this.#break(failure);
    try {
      await this.#transaction.execute(control(`rollback to savepoint ${name}`), options);
      await this.#transaction.execute(control(`release savepoint ${name}`), options);
    } catch (error) {
      this.#break(error);
    }
  }

  async #control(sql: string, options: ExecuteOptions): Promise<void> {
    await this.#guard(() => this.#transaction.execute(control(sql), options));
  }

  /** Lets `work` in after all that came before it. Its failure is the caller's alone. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    try {
      this.#assertUsable();
    } catch (error) {
      return Promise.reject(error);
    }
    return this.#calls.run(() => {
      this.#assertWhole();
      return work();
    });
  }

  #guard<T>(work: () => Promise<T>): Promise<T> {
    return work().catch((error: unknown) => {
      this.#break(error);
      throw error;
    });
  }

  #break(cause: unknown): void {
    this.#failure ??= { cause };
  }

  #assertUsable(): void {
    this.#assertNotEnded();
    if (innermostOf(this.owner)?.isInside(this)) {
      throw new UsageError(
        'outer_handle',
        'An outer transaction handle was used inside a savepoint, where it would wait for itself. Use the handle the savepoint was given.',
      );
    }
    if (this.#isReaderBusy) {
      throw new UsageError(
        'invalid_query',
        'A stream of this transaction is being read, and whatever comes next would wait for its end. Leave the loop first, or read with `find` or `page`.',
      );
    }
    this.#assertWhole();
  }

  #assertNotEnded(): void {
    if (this.isEnded) throw endedError();
  }

  #assertWhole(): void {
    if (this.#failure !== undefined) throw this.#brokenError();
  }

  /** The conflict itself where it may be replayed; otherwise an error that says the transaction is lost. */
  #brokenError(): unknown {
    const cause = this.#failure?.cause;
    if (replayReason(cause) !== undefined) return cause;
    return new UsageError(
      'transaction_broken',
      'A statement of this transaction failed, so nothing of it can be committed. Let the error pass, or wrap what may fail in `tx.savepoint`.',
      { cause },
    );
  }
}

function control(sql: string): Statement {
  return { sql, parameters: [], access: 'unknown' };
}

/** Errors after which the whole transaction is gone or must be replayed, so that no savepoint can save it. */
function isFatal(error: unknown): boolean {
  if (replayReason(error) !== undefined) return true;
  return [AbortedError, ClosedError, CommitUnknownError, OverloadedError, TimeoutError].some(
    (fatal) => error instanceof fatal,
  );
}
