import type {
  BeginOptions,
  Database,
  DatabaseTransaction,
  ExecuteOptions,
  Row,
  Statement,
  StatementResult,
} from '../driver/driver.js';
import { ClosedError } from '../errors/flow-errors.js';
import { type OnReplay, replayAfter } from '../transaction/replay.js';
import { assertOutsideTransaction } from '../transaction/transaction-context.js';
import { beginInContext } from '../transaction/transaction-scope.js';
import { OpenStreams } from './open-streams.js';
import type { OperationKind, StorageCounters } from './storage-metrics.js';

/**
 * The driver's database behind the checks that core owes every call: the storage is open, the call does not come from inside one of its own
 * transactions, it is counted, and a single statement that met a conflict is made again.
 */
export class StorageDatabase implements Pick<Database, 'begin' | 'execute' | 'stream'> {
  readonly #owner: object;
  readonly #database: Database;
  readonly #counters: StorageCounters;
  readonly #onReplay: OnReplay;
  readonly #streams = new OpenStreams();
  /** Calls accepted and not yet answered. */
  #active = 0;
  #onIdle: (() => void) | undefined;
  #closing: Promise<void> | undefined;

  constructor(owner: object, database: Database, counters: StorageCounters, onReplay: OnReplay) {
    this.#owner = owner;
    this.#database = database;
    this.#counters = counters;
    this.#onReplay = onReplay;
  }

  get isClosed(): boolean {
    return this.#closing !== undefined;
  }

  /** Runs one statement. The common case, a first attempt that succeeds, adds one promise and no more: a read by key costs little else. */
  execute(statement: Statement, options: ExecuteOptions): Promise<StatementResult> {
    try {
      this.assertUsable();
    } catch (error) {
      return Promise.reject(error);
    }
    const since = this.#enter();
    return this.#attempt(statement, options).then(
      (result) => {
        this.#leave('statements', since);
        return result;
      },
      (error: unknown) => this.#executeAgain(error, statement, options, since),
    );
  }

  async *stream(
    statement: Statement,
    batchSize: number,
    options: ExecuteOptions,
  ): AsyncGenerator<readonly Row[]> {
    this.assertUsable();
    const batches = this.#database.stream(statement, batchSize, options)[Symbol.asyncIterator]();
    yield* this.#streams.read(batches, options.deadline ?? Number.POSITIVE_INFINITY);
  }

  /** Begins a transaction for a callback that Kysely runs. */
  begin(options: BeginOptions): Promise<DatabaseTransaction> {
    this.assertUsable();
    return beginInContext(this.#owner, () => this.#database.begin(options));
  }

  /** @throws ClosedError. */
  assertOpen(): void {
    if (this.#closing !== undefined) throw new ClosedError('The storage is closed.');
  }

  /** @throws ClosedError, UsageError `outer_handle`. */
  assertUsable(): void {
    this.assertOpen();
    assertOutsideTransaction(this.#owner);
  }

  /** Counts a call that was accepted, measures it, and has `close` wait for its answer. */
  async track<T>(kind: OperationKind, work: () => Promise<T>): Promise<T> {
    const since = this.#enter();
    try {
      const result = await work();
      this.#leave(kind, since);
      return result;
    } catch (error) {
      this.#leave(kind, since, { error });
      throw error;
    }
  }

  /** @throws UsageError `outer_handle` from inside a transaction, which closing would wait for. */
  close(): Promise<void> {
    if (this.#closing === undefined) assertOutsideTransaction(this.#owner);
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #executeAgain(
    error: unknown,
    statement: Statement,
    options: ExecuteOptions,
    since: number,
  ): Promise<StatementResult> {
    const attempt = (count: number): Promise<StatementResult> =>
      this.#attempt(statement, { ...options, attempt: count });
    try {
      const result = await replayAfter(error, attempt, options, this.#onReplay);
      this.#leave('statements', since);
      return result;
    } catch (failure) {
      this.#leave('statements', since, { error: failure });
      throw failure;
    }
  }

  #attempt(statement: Statement, options: ExecuteOptions): Promise<StatementResult> {
    try {
      return this.#database.execute(statement, options);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  #enter(): number {
    this.#active += 1;
    return performance.now();
  }

  #leave(kind: OperationKind, since: number, failure?: { readonly error: unknown }): void {
    this.#counters.record(kind, performance.now() - since, failure);
    this.#active -= 1;
    if (this.#active === 0) this.#onIdle?.();
  }

  async #close(): Promise<void> {
    if (this.#active > 0) {
      await new Promise<void>((resolve) => {
        this.#onIdle = resolve;
      });
    }
    await this.#streams.empty();
    await this.#database.close();
  }
}
