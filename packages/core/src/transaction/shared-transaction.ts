import type {
  DatabaseTransaction,
  ExecuteOptions,
  Row,
  Statement,
  StatementResult,
} from '../driver/driver.js';
import { UsageError } from '../errors/usage-errors.js';
import { SerialQueue } from '../lane/serial-queue.js';

/**
 * The driver's transaction as its levels share it: one call at a time, and none once it is to end. Ending it waits for the call that
 * is under way, which has a deadline of its own, and never for an application's callback.
 */
export class SharedTransaction implements DatabaseTransaction {
  readonly #transaction: DatabaseTransaction;
  readonly #streams = new Set<AsyncIterator<readonly Row[]>>();
  readonly #calls = new SerialQueue();
  #isOver = false;

  constructor(transaction: DatabaseTransaction) {
    this.#transaction = transaction;
  }

  execute(statement: Statement, options: ExecuteOptions): Promise<StatementResult> {
    return this.#call(() => this.#transaction.execute(statement, options));
  }

  async *stream(
    statement: Statement,
    batchSize: number,
    options: ExecuteOptions,
  ): AsyncGenerator<readonly Row[]> {
    const batches = this.#transaction.stream(statement, batchSize, options)[Symbol.asyncIterator]();
    this.#streams.add(batches);
    try {
      for (;;) {
        const next = await this.#call(() => {
          // Closed from outside it would look complete.
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

  /** Whether a reader has gone away without leaving its loop, or is still in it. */
  get hasStreams(): boolean {
    return this.#streams.size > 0;
  }

  /** Closes the streams whose reader has gone away without leaving its loop. */
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
    this.#isOver = true;
    if (this.hasStreams) return this.closeStreams().then(() => this.#calls.pending);
    return this.#calls.pending;
  }

  async #close(batches: AsyncIterator<readonly Row[]>): Promise<void> {
    if (this.#streams.delete(batches)) await this.#calls.run(async () => batches.return?.());
  }

  #call<T>(work: () => Promise<T>): Promise<T> {
    return this.#calls.run(() => {
      if (this.#isOver) throw endedError();
      return work();
    });
  }
}

/** The error of a handle that outlived its transaction. */
export function endedError(): UsageError {
  return new UsageError(
    'transaction_ended',
    'The transaction has ended; its handle cannot be used any more.',
  );
}
