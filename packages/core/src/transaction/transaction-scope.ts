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
  StaleCatalogError,
  TimeoutError,
} from '../errors/flow-errors.js';
import { UsageError } from '../errors/usage-errors.js';
import { SerialQueue } from '../lane/serial-queue.js';
import { replayReason } from './replay.js';
import { endedError, SerializedTransaction } from './serialized-transaction.js';
import { currentLevel, enterContext, runInLevel, type TransactionLevel } from './transaction-context.js';

/**
 * Begins a transaction and makes it the current level of the calling code, and of all that it calls afterwards. For callbacks that core does not
 * run itself, as in `kysely.transaction().execute(callback)`. It must be called synchronously: a context that is entered after an await does not
 * reach the caller.
 */
export async function beginInContext(
  owner: object,
  begin: () => Promise<DatabaseTransaction>,
): Promise<TransactionScope> {
  const setLevel = enterContext();
  const scope = new TransactionScope(owner, await begin());
  setLevel(scope);
  return scope;
}

/**
 * One level of a transaction: the transaction itself, or a savepoint in it. It runs one statement at a time. It refuses every statement after
 * a failed one, as PostgreSQL itself does. It refuses a handle after the end of its level, and an outer handle while an inner level is open.
 */
export class TransactionScope implements DatabaseTransaction, TransactionLevel {
  /** The storage this transaction belongs to. */
  readonly owner: object;
  readonly #transaction: SerializedTransaction;
  readonly #parent: TransactionScope | undefined;
  readonly #afterCommit: (() => unknown)[] = [];
  readonly #calls = new SerialQueue();
  /** Removes the open stream from `#calls`; used at the end, when its reader has not asked for more rows. */
  #releaseStream: (() => void) | undefined;
  /** Whether the reader of a stream has received rows and has not asked for the next ones. */
  #isReaderBusy = false;
  #failure: { readonly cause: unknown } | undefined;
  #ended = false;
  /** Whether every call that was accepted before the end has finished. */
  #isFinished = false;
  /** Whether a commit or rollback was tried. */
  #settled = false;
  #savepoints = 0;

  /** @param parent the enclosing level, for a savepoint. */
  constructor(owner: object, transaction: DatabaseTransaction, parent?: TransactionScope) {
    this.owner = owner;
    this.#transaction = parent === undefined ? new SerializedTransaction(transaction) : parent.#transaction;
    this.#parent = parent;
  }

  get isEnded(): boolean {
    return this.#ended || (this.#parent?.isEnded ?? false);
  }

  isNestedIn(outer: TransactionLevel): boolean {
    if (this.isEnded || this.#parent === undefined) return false;
    return this.#parent === outer || this.#parent.isNestedIn(outer);
  }

  /** The first error that broke this level, whether or not the callback caught it. */
  get failure(): { readonly cause: unknown } | undefined {
    return this.#failure;
  }

  /** Runs `callback` with this level as the current one. */
  run<T>(callback: () => Promise<T>): Promise<T> {
    return runInLevel(this, callback);
  }

  /** Adds a callback that runs once the whole transaction is durable. The rollback of this level, or of an enclosing one, discards it. */
  afterCommit(callback: () => unknown): void {
    this.#assertUsable();
    this.#afterCommit.push(callback);
  }

  execute(statement: Statement, options: ExecuteOptions): Promise<StatementResult> {
    return this.#enqueue(() => this.#guard(() => this.#transaction.execute(statement, options)));
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

  /** Runs `callback` in a savepoint. When the callback throws, the savepoint is rolled back and this level stays usable. */
  savepoint<T>(callback: (scope: TransactionScope) => Promise<T>, options: ExecuteOptions): Promise<T> {
    this.#savepoints += 1;
    const name = `sluice_${this.#savepoints}`;
    return this.#enqueue(async () => {
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

  /** Ends this level: refuses new calls and waits for those accepted. @throws the error that broke the level, or UsageError `transaction_broken`. */
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

  /** Rolls back the transaction without waiting for a callback that still runs. Does nothing after a commit was tried: its outcome stands. */
  async rollback(): Promise<void> {
    this.#ended = true;
    if (this.#settled) return;
    this.#settled = true;
    await this.#transaction.rollback();
  }

  /** Runs the `afterCommit` callbacks, in the order in which they were added. */
  async runAfterCommit(): Promise<void> {
    for (const callback of this.#afterCommit) await callback();
  }

  /** Rolls back to a savepoint that the application set itself, through Kysely's controlled transactions. The level can be used again. */
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

  /** Runs `work` after the calls before it. Its failure rejects this call only. */
  #enqueue<T>(work: () => Promise<T>): Promise<T> {
    try {
      this.#assertUsable();
    } catch (error) {
      return Promise.reject(error);
    }
    return this.#calls.run(() => {
      this.#assertNotBroken();
      return work();
    });
  }

  #guard<T>(work: () => Promise<T>): Promise<T> {
    return work().catch((error: unknown) => {
      this.#break(error);
      throw error;
    });
  }

  /** Nothing was executed of a statement that was made for other tables: it is made again, and the level goes on. */
  #break(cause: unknown): void {
    if (cause instanceof StaleCatalogError) return;
    this.#failure ??= { cause };
  }

  #assertUsable(): void {
    this.#assertNotEnded();
    if (currentLevel(this.owner)?.isNestedIn(this)) {
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
    this.#assertNotBroken();
  }

  #assertNotEnded(): void {
    if (this.isEnded) throw endedError();
  }

  #assertNotBroken(): void {
    if (this.#failure !== undefined) throw this.#brokenError();
  }

  /** The conflict itself when the transaction can be replayed; otherwise a UsageError `transaction_broken` with the first error as its cause. */
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

/** Whether the whole transaction is lost or must be replayed after this error, so that a rollback to a savepoint does not help. */
function isFatal(error: unknown): boolean {
  if (replayReason(error) !== undefined) return true;
  return [AbortedError, ClosedError, CommitUnknownError, OverloadedError, TimeoutError].some(
    (fatal) => error instanceof fatal,
  );
}
