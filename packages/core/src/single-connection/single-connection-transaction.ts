import { withinDeadline } from '../call/within-deadline.js';
import type {
  DatabaseTransaction,
  ExecuteOptions,
  Row,
  Statement,
  StatementResult,
} from '../driver/driver.js';
import type { Lease } from '../lane/lane.js';
import { assertGoesOn, transactionEndedError } from '../transaction/ended-transaction.js';
import type { SingleConnection } from './single-connection.js';

/** How transactions ended so far. */
export interface EndedTransactions {
  commits: number;
  rollbacks: number;
}

/** The transaction that has the connection now. What its caller gave up runs to its end first; then comes what follows. */
export class SingleConnectionTransaction implements DatabaseTransaction {
  readonly #connection: SingleConnection;
  readonly #lease: Lease;
  readonly #ended: EndedTransactions;
  #tail: Promise<unknown> = Promise.resolve();

  constructor(connection: SingleConnection, lease: Lease, ended: EndedTransactions) {
    this.#connection = connection;
    this.#lease = lease;
    this.#ended = ended;
  }

  async execute({ sql, parameters }: Statement, options: ExecuteOptions): Promise<StatementResult> {
    assertGoesOn(sql, options.label);
    const work = this.#inTurn(() => this.#connection.run(sql, parameters));
    const result = await withinDeadline(work, options, RELEASED);
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
        const batch = this.#inTurn(() => batches.next());
        const { done, value } = await withinDeadline(batch, options, RELEASED);
        if (done) return;
        yield value;
      }
    } finally {
      // Not waited for: a batch that cannot be interrupted may still be read. Its failure was told already.
      this.#inTurn(async () => batches.return?.()).catch(ignore);
    }
  }

  /** A COMMIT that failed leaves nothing open: the connection belongs to the next caller. */
  async commit(): Promise<void> {
    try {
      await this.#inTurn(() => this.#connection.run('commit', []));
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
      await this.#inTurn(() => this.#connection.run('rollback', []));
    } finally {
      this.#lease.release();
    }
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#tail.then(work);
    this.#tail = turn.catch(ignore);
    return turn;
  }
}

/** What becomes of a call whose caller is released while its statement runs on. */
const RELEASED = 'what it did is undone';

function ignore(): void {}
