import type { Catalog } from '../catalog/catalog.js';
import type { Capabilities } from '../driver/capabilities.js';
import type { DatabaseMetrics } from '../driver/database-metrics.js';
import type {
  BeginOptions,
  CatalogOptions,
  Database,
  DatabaseSql,
  DatabaseTransaction,
  ExecuteOptions,
  Row,
  Statement,
  StatementResult,
} from '../driver/driver.js';
import { UnsupportedError } from '../errors/usage-errors.js';
import { Lane } from '../lane/lane.js';
import { Summary } from '../metrics/summary.js';
import type { SingleConnection } from './single-connection.js';
import { type EndedTransactions, SingleConnectionTransaction } from './single-connection-transaction.js';

/** Describes the engine to a {@link SingleConnectionDatabase}. */
export interface SingleConnectionOptions {
  /** The engine's name, for messages: `PGlite`. */
  readonly name: string;
  /** The engine's SQL, for Kysely. */
  readonly sql: DatabaseSql;
  /** The capabilities that depend on the engine. The others follow from there being one connection. */
  readonly capabilities: Pick<Capabilities, 'durable' | 'maxParameters' | 'sharedBetweenProcesses'>;
  /** How many calls may wait; one more is refused with an OverloadedError. */
  readonly queueLimit: number;
  /** Returns the statement that begins a transaction. */
  begin(options: BeginOptions): string;
}

/**
 * A Database over one connection. Transactions run one at a time, in the order of a lane's queue; so does every single statement, in a transaction
 * of its own. A deadline or signal does not interrupt the statement that runs: the call ends at once, and its transaction is rolled back when the
 * statement has ended.
 */
export class SingleConnectionDatabase implements Database {
  readonly capabilities: Capabilities;
  readonly sql: DatabaseSql;
  readonly #connection: SingleConnection;
  readonly #options: SingleConnectionOptions;
  readonly #lane: Lane;
  readonly #ended: EndedTransactions = { commits: 0, rollbacks: 0 };
  /** The transaction that holds the connection, or the last one. */
  #current: SingleConnectionTransaction | undefined;

  constructor(connection: SingleConnection, options: SingleConnectionOptions) {
    const { name, sql, queueLimit, capabilities } = options;
    this.#connection = connection;
    this.#options = options;
    this.#lane = new Lane({ name, permits: 1, queueLimit });
    this.sql = sql;
    this.capabilities = {
      ...capabilities,
      concurrentReaders: false,
      concurrentWriters: false,
      onlineBackup: false,
      watchesChanges: false,
      interruptsRunning: false,
      weakerIsolation: false,
    };
  }

  async execute(statement: Statement, options: ExecuteOptions): Promise<StatementResult> {
    const transaction = await this.begin({ ...options, access: 'write' });
    const result = await transaction.execute(statement, options).catch((error: unknown) => {
      // Not awaited: the rollback waits for the statement, which cannot be interrupted.
      transaction.rollback().catch(() => {});
      throw error;
    });
    await transaction.commit();
    return result;
  }

  /** Streams rows in a transaction of its own. Every other call waits until the stream is read to its end or left early. */
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
      if (hasFailed) transaction.rollback().catch(() => {});
      else await transaction.commit();
    }
  }

  async begin(options: BeginOptions): Promise<DatabaseTransaction> {
    const lease = await this.#lane.acquire(options);
    try {
      await this.#connection.run(this.#options.begin(options), []);
    } catch (error) {
      lease.release();
      throw error;
    }
    this.#current = new SingleConnectionTransaction(this.#connection, lease, this.#ended);
    return this.#current;
  }

  async catalog({ within, ...options }: CatalogOptions = {}): Promise<Catalog> {
    if (within !== undefined && this.#current !== undefined) return this.#current.catalog();
    const lease = await this.#lane.acquire(options);
    try {
      return await this.#connection.catalog();
    } finally {
      lease.release();
    }
  }

  async ping(options: ExecuteOptions): Promise<void> {
    await this.execute({ sql: 'select 1', parameters: [], access: 'read' }, options);
  }

  /** The lane is the only lock: every transaction that began holds it, at its first attempt. */
  metrics(): DatabaseMetrics {
    const lane = this.#lane.metrics();
    const { commits, rollbacks } = this.#ended;
    const begun = { attempts: commits + rollbacks, successes: commits + rollbacks };
    const locks = { ...begun, failures: 0, retries: 0, failureRate: 0, waits: new Summary().snapshot() };
    return { writer: lane, readers: lane, locks, commits, rollbacks, engine: {} };
  }

  async backup(_path: string, { label }: ExecuteOptions): Promise<void> {
    throw new UnsupportedError(`${this.#options.name} has no backup.`, { operation: label });
  }

  async close(): Promise<void> {
    await this.#lane.close();
    await this.#connection.close();
  }
}
