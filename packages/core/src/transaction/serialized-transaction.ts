import type {
  DatabaseTransaction,
  ExecuteOptions,
  Row,
  Statement,
  StatementResult,
} from '../driver/driver.js';
import { UsageError } from '../errors/usage-errors.js';
import { SerialQueue } from '../lane/serial-queue.js';
import { withTime } from './transaction-time.js';

/**
 * Runs the calls of all levels of a transaction one at a time in the driver's transaction. Commit and rollback refuse every call that has not
 * started, and wait for the call that runs, which has its own deadline. They never wait for a callback of the application.
 */
export class SerializedTransaction implements DatabaseTransaction {
  readonly #transaction: DatabaseTransaction;
  readonly #streams = new Set<AsyncIterator<readonly Row[]>>();
  readonly #calls = new SerialQueue();
  readonly #beganAt = new Date();
  #isEnding = false;

  constructor(transaction: DatabaseTransaction) {
    this.#transaction = transaction;
  }

  execute(statement: Statement, options: ExecuteOptions): Promise<StatementResult> {
    return this.#call(() => this.#transaction.execute(withTime(statement, this.#beganAt), options));
  }

  async *stream(
    statement: Statement,
    batchSize: number,
    options: ExecuteOptions,
  ): AsyncGenerator<readonly Row[]> {
    const timed = withTime(statement, this.#beganAt);
    const batches = this.#transaction.stream(timed, batchSize, options)[Symbol.asyncIterator]();
    this.#streams.add(batches);
    try {
      for (;;) {
        const next = await this.#call(() => {
          // A stream that was closed early must not look complete.
          if (!this.#streams.has(batches)) throw endedError();
          return batches.next();
        });
        if (next.done) return;
        yield next.value;
      }
    } finally {
      await this.#close(batches);
    }
  }

  /** Whether a stream is open. Its reader is still in its loop, or has abandoned it. */
  get hasStreams(): boolean {
    return this.#streams.size > 0;
  }

  /** Closes every open stream; a reader that comes back gets an error. */
  async closeStreams(): Promise<void> {
    for (const batches of this.#streams) await this.#close(batches);
  }

  async commit(): Promise<void> {
    await this.#end();
    await this.#transaction.commit();
  }

  async rollback(): Promise<void> {
    await this.#end();
    await this.#transaction.rollback();
  }

  #end(): Promise<void> | undefined {
    this.#isEnding = true;
    if (this.hasStreams) return this.closeStreams().then(() => this.#calls.pending);
    return this.#calls.pending;
  }

  async #close(batches: AsyncIterator<readonly Row[]>): Promise<void> {
    if (this.#streams.delete(batches)) await this.#calls.run(async () => batches.return?.());
  }

  #call<T>(work: () => Promise<T>): Promise<T> {
    return this.#calls.run(() => {
      if (this.#isEnding) throw endedError();
      return work();
    });
  }
}

/** The error for a handle that is used after the end of its transaction. */
export function endedError(): UsageError {
  return new UsageError(
    'transaction_ended',
    'The transaction has ended; its handle cannot be used any more.',
  );
}
