import {
  type BeginOptions,
  type Capabilities,
  type Catalog,
  type Database,
  type DatabaseMetrics,
  type DatabaseTransaction,
  type ExecuteOptions,
  Lane,
  type Row,
  type Statement,
  type StatementResult,
  Summary,
  UnsupportedError,
} from '@sluice/core';
import { PgliteConstraints, readCatalog } from './pglite-catalog.js';
import { PgliteSql } from './pglite-sql.js';
import type { PgliteThread } from './pglite-thread.js';
import { PgliteTransaction } from './pglite-transaction.js';

const CAPABILITIES: Capabilities = {
  concurrentReaders: false,
  concurrentWriters: false,
  sharedBetweenProcesses: false,
  durable: false,
  onlineBackup: false,
  interruptsRunning: false,
  weakerIsolation: false,
  maxParameters: 65_535,
};

/** PGlite has one connection, so all that runs, runs one at a time, in one lane. */
export class PgliteDatabase implements Database {
  readonly capabilities: Capabilities = CAPABILITIES;
  readonly sql: PgliteSql = new PgliteSql();
  readonly #thread: PgliteThread;
  readonly #constraints: PgliteConstraints;
  readonly #lane: Lane;
  readonly #ended = { commits: 0, rollbacks: 0 };

  constructor(thread: PgliteThread, queueLimit: number) {
    this.#thread = thread;
    this.#constraints = new PgliteConstraints(thread);
    this.#lane = new Lane({ name: 'PGlite', permits: 1, queueLimit });
  }

  /** In a transaction, so that what its caller gave up while it ran is undone. */
  async execute(statement: Statement, options: ExecuteOptions): Promise<StatementResult> {
    const transaction = await this.begin({ ...options, access: 'write' });
    const result = await transaction.execute(statement, options).catch((error: unknown) => {
      // Not waited for: it comes after a statement that cannot be interrupted.
      void transaction.rollback();
      throw error;
    });
    await transaction.commit();
    return result;
  }

  /** A stream is a transaction like any other: others wait until it is read to its end, or left. */
  async *stream(
    statement: Statement,
    batchSize: number,
    options: ExecuteOptions,
  ): AsyncGenerator<readonly Row[]> {
    const transaction = await this.begin({ ...options, access: 'write' });
    let hasFailed = false;
    try {
      yield* transaction.stream(statement, batchSize, options);
    } catch (error) {
      hasFailed = true;
      throw error;
    } finally {
      await (hasFailed ? transaction.rollback() : transaction.commit());
    }
  }

  async begin(options: BeginOptions): Promise<DatabaseTransaction> {
    const lease = await this.#lane.acquire(options);
    const mode = options.access === 'read' ? ' isolation level repeatable read read only' : '';
    try {
      await this.#thread.run({ sql: `begin${mode}` });
    } catch (error) {
      lease.release();
      throw error;
    }
    return new PgliteTransaction({
      thread: this.#thread,
      constraints: this.#constraints,
      lease,
      ended: this.#ended,
    });
  }

  /** Reads the constraints as well, whose columns PostgreSQL's errors do not name. */
  async catalog(): Promise<Catalog> {
    const lease = await this.#lane.acquire();
    try {
      await this.#constraints.read();
      return await readCatalog(this.#thread);
    } finally {
      lease.release();
    }
  }

  async ping(options: ExecuteOptions): Promise<void> {
    await this.execute({ sql: 'select 1', parameters: [], access: 'read' }, options);
  }

  metrics(): DatabaseMetrics {
    const lane = this.#lane.metrics();
    const waits = new Summary().snapshot();
    const begun = this.#ended.commits + this.#ended.rollbacks;
    const locks = { attempts: begun, successes: begun, failures: 0, retries: 0, failureRate: 0, waits };
    return { writer: lane, readers: lane, locks, ...this.#ended, engine: {} };
  }

  async backup(_path: string, options: ExecuteOptions): Promise<void> {
    throw new UnsupportedError('A PGlite database in memory has no backup.', { operation: options.label });
  }

  async close(): Promise<void> {
    await this.#lane.close();
    await this.#thread.end();
  }
}
