import {
  type Catalog,
  type Row,
  type SingleConnection,
  type StatementResult,
  UsageError,
} from '@sluice/core';
import { PostgresFamily, type PostgresResult } from '@sluice/postgres-driver';
import { PgliteThread } from './pglite-thread.js';
import type { StatementRequest } from './pglite-thread-messages.js';

/** PGlite's only connection, which runs in a thread. */
export class PgliteConnection implements SingleConnection {
  readonly family: PostgresFamily = new PostgresFamily();
  isInTransaction = false;
  readonly #thread: PgliteThread;
  #portals = 0;

  private constructor(thread: PgliteThread) {
    this.#thread = thread;
  }

  static async open(): Promise<PgliteConnection> {
    return new PgliteConnection(await PgliteThread.open());
  }

  async run(sql: string, parameters: readonly unknown[]): Promise<StatementResult> {
    const result = await this.#send({ sql, parameters: this.family.bind(parameters) });
    // PostgreSQL answers COMMIT in a failed transaction with ROLLBACK and reports a success.
    if (sql === 'commit' && result.tag !== 'COMMIT')
      throw new UsageError(
        'transaction_broken',
        'A statement of the transaction failed; it was rolled back.',
      );
    return this.family.decode(result);
  }

  /** Reads through a portal, which reads only the requested rows and ends with its transaction. */
  async *read(
    sql: string,
    parameters: readonly unknown[],
    batchSize: number,
  ): AsyncGenerator<readonly Row[]> {
    this.#portals += 1;
    const portal = { name: `sluice_${this.#portals}`, rows: batchSize };
    const first = await this.#send({ sql, parameters: this.family.bind(parameters), portal });
    const { fields } = first;
    for (let { rows } = first; rows.length > 0; { rows } = await this.#send({ portal })) {
      yield this.family.decodeRows({ fields, rows });
      if (rows.length < batchSize) return;
    }
  }

  catalog(): Promise<Catalog> {
    return this.family.catalog((sql) => this.#send({ sql }));
  }

  close(): Promise<void> {
    return this.#thread.close();
  }

  async #send(request: StatementRequest): Promise<PostgresResult> {
    const answer = await this.#thread.ask(request);
    // The status is `I` outside of a transaction, `T` inside, and `E` inside a failed one.
    this.isInTransaction = answer.status !== 'I';
    if (answer.kind === 'result') return answer;
    throw this.family.error(Object.assign(new Error(answer.message), answer.details));
  }
}
