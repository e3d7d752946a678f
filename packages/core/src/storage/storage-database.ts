import type {
  BeginOptions,
  Database,
  DatabaseSession,
  DatabaseTransaction,
  ExecuteOptions,
  Row,
  Statement,
  StatementResult,
} from '../driver/driver.js';
import { ClosedError, ConflictError, InternalError } from '../errors/flow-errors.js';
import { type OnReplay, replayAfter } from '../transaction/replay.js';
import { assertOutsideTransaction } from '../transaction/transaction-context.js';
import { beginInContext } from '../transaction/transaction-scope.js';
import { withTime } from '../transaction/transaction-time.js';
import { OpenStreams } from './open-streams.js';
import type { OperationKind, StorageCounters } from './storage-metrics.js';

/**
 * The driver's database with core's checks around it. It refuses calls after closing and calls from inside one of the storage's own transactions,
 * counts calls, and replays a single statement after a conflict.
 */
export class StorageDatabase implements Pick<Database, 'begin' | 'execute' | 'stream'> {
  readonly #owner: object;
  readonly #database: Database;
  readonly #counters: StorageCounters;
  readonly #onReplay: OnReplay;
  readonly #streams = new OpenStreams();
  /** The number of calls in flight. */
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

  /** Runs one statement. When the first attempt succeeds, this adds a single promise, because a read by key costs little more than that. */
  execute(statement: Statement, options: ExecuteOptions): Promise<StatementResult> {
    try {
      this.assertUsable();
    } catch (error) {
      return Promise.reject(error);
    }
    return this.#executeOn(this.#database, statement, options);
  }

  async *stream(
    statement: Statement,
    batchSize: number,
    options: ExecuteOptions,
  ): AsyncGenerator<readonly Row[]> {
    this.assertUsable();
    yield* this.#read(this.#database, statement, batchSize, options);
  }

  /** Begins a transaction whose callback Kysely runs. */
  begin(options: BeginOptions): Promise<DatabaseTransaction> {
    this.assertUsable();
    return beginInContext(this.#owner, () => this.#database.begin(options));
  }

  /** One of the driver's sessions with the same checks. A transaction in it is begun by `begin` alone. */
  session(): DatabaseSession {
    const session = this.#database.session?.({ mayBegin: false }) ?? unreachable();
    return {
      get isHeld() {
        return session.isHeld;
      },
      execute: async (statement, options) => {
        this.assertUsable();
        return this.#executeOn(session, statement, options);
      },
      stream: (statement, batchSize, options) => {
        this.assertUsable();
        return this.#read(session, statement, batchSize, options);
      },
      begin: (options) => {
        this.assertUsable();
        return beginInContext(this.#owner, () => session.begin(options));
      },
      kill: () => session.kill?.(),
      release: () => session.release(),
    };
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

  /** Runs an accepted call: measures it, counts it, and makes `close` wait for it. */
  async track<T>(kind: OperationKind, label: string | undefined, work: () => Promise<T>): Promise<T> {
    const since = this.#enter();
    try {
      const result = await work();
      this.#leave(kind, label, since);
      return result;
    } catch (error) {
      this.#leave(kind, label, since, { error });
      throw error;
    }
  }

  /** Closes the database when all calls, and `others`, have ended. @throws UsageError `outer_handle` from inside a transaction, which it would wait for. */
  close(others: () => Promise<void> = async () => {}): Promise<void> {
    if (this.#closing === undefined) assertOutsideTransaction(this.#owner);
    this.#closing ??= this.#close(others);
    return this.#closing;
  }

  #executeOn(on: Executing, statement: Statement, options: ExecuteOptions): Promise<StatementResult> {
    const since = this.#enter();
    return attemptOn(on, statement, options).then(
      (result) => {
        this.#leave('statements', options.label, since);
        return result;
      },
      (error: unknown) => this.#executeAgain(error, on, statement, options, since),
    );
  }

  #read(
    on: Pick<Database, 'stream'>,
    statement: Statement,
    batchSize: number,
    options: ExecuteOptions,
  ): AsyncGenerator<readonly Row[]> {
    const batches = on.stream(withTime(statement), batchSize, options)[Symbol.asyncIterator]();
    return this.#streams.read(batches, options.deadline ?? Number.POSITIVE_INFINITY);
  }

  async #executeAgain(
    error: unknown,
    on: Executing,
    statement: Statement,
    options: ExecuteOptions,
    since: number,
  ): Promise<StatementResult> {
    const attempt = (count: number): Promise<StatementResult> =>
      attemptOn(on, statement, { ...options, attempt: count });
    try {
      // With its connection, a session has lost what later statements may need.
      if (on.isHeld === true && !(error instanceof ConflictError)) throw error;
      const result = await replayAfter(error, attempt, options, this.#onReplay);
      this.#leave('statements', options.label, since);
      return result;
    } catch (failure) {
      this.#leave('statements', options.label, since, { error: failure });
      throw failure;
    }
  }

  #enter(): number {
    this.#active += 1;
    return performance.now();
  }

  #leave(
    kind: OperationKind,
    label: string | undefined,
    since: number,
    failure?: { readonly error: unknown },
  ): void {
    this.#counters.record({ kind, label, since, until: performance.now() }, failure);
    this.#active -= 1;
    if (this.#active === 0) this.#onIdle?.();
  }

  async #close(others: () => Promise<void>): Promise<void> {
    const ended = others();
    if (this.#active > 0) {
      await new Promise<void>((resolve) => {
        this.#onIdle = resolve;
      });
    }
    await this.#streams.empty();
    await ended;
    await this.#database.close();
  }
}

/** The database, or a session. */
type Executing = Pick<Database, 'execute'> & Partial<Pick<DatabaseSession, 'isHeld'>>;

function attemptOn(on: Executing, statement: Statement, options: ExecuteOptions): Promise<StatementResult> {
  try {
    return on.execute(withTime(statement), options);
  } catch (error) {
    return Promise.reject(error);
  }
}

function unreachable(): never {
  throw new InternalError('A session was asked for where the driver has none.');
}
