import { withinDeadline } from '../call/within-deadline.js';
import type { Catalog } from '../catalog/catalog.js';
import type {
  DatabaseTransaction,
  ExecuteOptions,
  Row,
  Statement,
  StatementResult,
} from '../driver/driver.js';
import type { Lease } from '../lane/lane.js';
import { SerialQueue } from '../lane/serial-queue.js';
import { assertKeepsTransaction, transactionEndedError } from '../transaction/ended-transaction.js';
import type { SingleConnection } from './single-connection.js';

/** How many transactions ended so far, and how. */
export interface EndedTransactions {
  commits: number;
  rollbacks: number;
}

/**
 * The transaction that holds the connection. It runs one call at a time. A call that ended at its deadline or by its signal still runs to its end
 * on the connection before the next one.
 */
export class SingleConnectionTransaction implements DatabaseTransaction {
  readonly #connection: SingleConnection;
  readonly #lease: Lease;
  readonly #ended: EndedTransactions;
  readonly #calls = new SerialQueue();

  constructor(connection: SingleConnection, lease: Lease, ended: EndedTransactions) {
    this.#connection = connection;
    this.#lease = lease;
    this.#ended = ended;
  }

  async execute({ sql, parameters }: Statement, options: ExecuteOptions): Promise<StatementResult> {
    assertKeepsTransaction(sql, options.label);
    const work = this.#calls.run(() => this.#connection.run(sql, parameters));
    const result = await withinDeadline(work, options, OUTCOME);
    if (!this.#connection.isInTransaction) throw transactionEndedError('ended', options.label);
    return result;
  }

  async *stream(
    { sql, parameters }: Statement,
    batchSize: number,
    options: ExecuteOptions,
  ): AsyncGenerator<readonly Row[]> {
    const batches = this.#connection.read(sql, parameters, batchSize)[Symbol.asyncIterator]();
    try {
      for (;;) {
        const batch = this.#calls.run(() => batches.next());
        const { done, value } = await withinDeadline(batch, options, OUTCOME);
        if (done) return;
        yield value;
      }
    } finally {
      // Not awaited: the connection may still read a batch that cannot be interrupted. The caller has its error already.
      this.#calls.run(async () => batches.return?.()).catch(ignore);
    }
  }

  /** Reads the tables as the transaction sees them. */
  catalog(): Promise<Catalog> {
    return this.#calls.run(() => this.#connection.catalog());
  }

  /** Commits and releases the connection. After a failed COMMIT it rolls back what is still open, since the next caller gets the connection. */
  async commit(): Promise<void> {
    try {
      await this.#calls.run(() => this.#connection.run('commit', []));
      this.#ended.commits += 1;
    } catch (error) {
      this.#ended.rollbacks += 1;
      if (this.#connection.isInTransaction) await this.#connection.run('rollback', []).catch(ignore);
      throw error;
    } finally {
      this.#lease.release();
    }
  }

  async rollback(): Promise<void> {
    this.#ended.rollbacks += 1;
    try {
      await this.#calls.run(() => this.#connection.run('rollback', []));
    } finally {
      this.#lease.release();
    }
  }
}

/** The outcome, in messages, of a call that ended while its statement still runs. */
const OUTCOME = 'what it did is undone';

function ignore(): void {}
