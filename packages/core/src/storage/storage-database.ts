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
import type { StorageCounters } from '../metrics/storage-metrics.js';
import { type OnReplay, replay } from '../transaction/replay.js';
import { assertOutsideTransaction } from '../transaction/surroundings.js';
import { beginAround } from '../transaction/transaction-scope.js';
import { OpenStreams } from './open-streams.js';

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

  async execute(statement: Statement, options: ExecuteOptions): Promise<StatementResult> {
    this.assertUsable();
    return this.track('statements', () =>
      replay(
        (attempt) => this.#database.execute(statement, attempt === 1 ? options : { ...options, attempt }),
        options,
        this.#onReplay,
      ),
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
    return beginAround(this.#owner, () => this.#database.begin(options));
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
  async track<T>(kind: 'statements' | 'transactions', work: () => Promise<T>): Promise<T> {
    this.#active += 1;
    try {
      return await this.#counters.measure(kind, work);
    } finally {
      this.#active -= 1;
      if (this.#active === 0) this.#onIdle?.();
    }
  }

  /** @throws UsageError `outer_handle` from inside a transaction, which closing would wait for. */
  close(): Promise<void> {
    if (this.#closing === undefined) assertOutsideTransaction(this.#owner);
    this.#closing ??= this.#close();
    return this.#closing;
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
