import {
  DefaultQueryExecutor,
  type Driver,
  type Kysely,
  type KyselyConfig,
  type KyselyPlugin,
  Transaction,
} from 'kysely';
import { DatabaseDialect } from '../dialect/database-dialect.js';
import { LaneConnection, type TypedLane } from '../dialect/lane-connection.js';
import { TransactionAdapter } from '../dialect/transaction-adapter.js';
import type { DatabaseSql, DatabaseTransaction, ExecuteOptions } from '../driver/driver.js';
import { InternalError } from '../errors/flow-errors.js';
import { HostedRepositories } from '../repository/hosted-repositories.js';
import type { RepositoryHost } from '../repository/repository-calls.js';
import type { TransactionScope } from '../transaction/transaction-scope.js';
import type { StorageTransaction } from './storage.js';

/** What the handle of a transaction runs on. */
export interface TransactionHandleHost extends RepositoryHost {
  readonly sql: DatabaseSql;
  /** The plugins of plain Kysely queries. */
  readonly plugins: readonly KyselyPlugin[];
  /** `undefined` when `plugins` encode no values. */
  readonly typed: TypedLane | undefined;
}

/** The `tx` of a callback: the application's view of one level of a transaction. */
export class TransactionHandle<DB> extends HostedRepositories<DB> implements StorageTransaction<DB> {
  readonly #scope: TransactionScope;
  readonly #host: TransactionHandleHost;
  readonly #options: ExecuteOptions;
  #kysely: Kysely<DB> | undefined;

  /** @param options those of the transaction: its deadline and its signal hold for each call in it. */
  constructor(scope: TransactionScope, host: TransactionHandleHost, options: ExecuteOptions) {
    super();
    this.#scope = scope;
    this.#options = options;
    this.#host = {
      ...host,
      runner: scope,
      transaction: options,
      // A failed statement breaks the whole transaction, so that the other statements of `work` cannot be committed either.
      atomically: (work) => work(scope),
    };
  }

  get kysely(): Kysely<DB> {
    this.#kysely ??= transactionKysely<DB>(this.#scope, this.#host, () => this.#options);
    return this.#kysely;
  }

  override get repositoryHost(): RepositoryHost {
    return this.#host;
  }

  savepoint<T>(callback: (tx: StorageTransaction<DB>) => Promise<T>): Promise<T> {
    return this.#scope.savepoint(
      (inner) => callback(new TransactionHandle<DB>(inner, this.#host, this.#options)),
      this.#options,
    );
  }

  afterCommit(callback: () => unknown): void {
    this.#scope.afterCommit(callback);
  }
}

/**
 * A Kysely that runs in one transaction. Kysely itself refuses to begin another one in it.
 *
 * @param options called for each statement.
 * @param onStatement called with the SQL of each statement.
 */
export function transactionKysely<DB>(
  scope: TransactionScope,
  host: TransactionHandleHost,
  options: () => ExecuteOptions,
  onStatement?: (sql: string) => void,
): Kysely<DB> {
  const transaction = onStatement === undefined ? scope : watched(scope, onStatement);
  const connection = LaneConnection.to(NO_DATABASE, options, {
    transaction,
    typed: host.typed,
    onAbort: 'cancel',
    countsDefinitions: host.sql.countsDefinitions,
  });
  const dialect = new DatabaseDialect({
    sql: host.sql,
    ...(host.typed === undefined ? {} : { typed: host.typed }),
    open: async () => ({ ...NO_DATABASE, close: unreachable }),
  });
  const provider = {
    provideConnection: <T>(consumer: (given: LaneConnection) => Promise<T>) => consumer(connection),
  };
  const executor = new DefaultQueryExecutor(
    dialect.createQueryCompiler(),
    new TransactionAdapter(dialect.createAdapter()),
    provider,
    [...host.plugins],
  );
  const config: KyselyConfig = { dialect };
  const driver: Driver = dialect.createDriver();
  return new Transaction<DB>({ config, dialect, driver, executor });
}

function watched(scope: TransactionScope, onStatement: (sql: string) => void): DatabaseTransaction {
  return {
    commit: () => scope.commit(),
    rollback: () => scope.rollback(),
    execute: async (statement, options) => {
      const result = await scope.execute(statement, options);
      for (const sql of result.steps ?? [statement.sql]) onStatement(sql);
      return result;
    },
    stream: (statement, batchSize, options) => {
      onStatement(statement.sql);
      return scope.stream(statement, batchSize, options);
    },
  };
}

/** Stands for the database, which a transaction's connection never uses. */
const NO_DATABASE = { begin: unreachable, execute: unreachable, stream: unreachable };

function unreachable(): never {
  throw new InternalError('A transaction reached past its own connection.');
}
