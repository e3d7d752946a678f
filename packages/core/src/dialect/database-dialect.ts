import type {
  CompiledQuery,
  DatabaseConnection,
  DatabaseIntrospector,
  Dialect,
  DialectAdapter,
  Kysely,
  Driver as KyselyDriver,
  QueryCompiler,
  QueryResult,
  TransactionSettings,
} from 'kysely';
import type {
  BeginOptions,
  Database,
  DatabaseSql,
  DatabaseTransaction,
  ExecuteOptions,
  IsolationLevel,
  Statement,
  StatementResult,
} from '../driver/driver.js';
import { assertBatchSize } from '../errors/invalid-query.js';
import { UnsupportedError, UsageError } from '../errors/usage-errors.js';
import { TransactionScope } from '../transaction/transaction-scope.js';
import { FixingCompiler } from './fixing-compiler.js';
import { mayChangeSchema, toStatement } from './to-statement.js';
import type { TypedQueries } from './typed-queries.js';

/** The options of a {@link DatabaseDialect}. */
export interface DatabaseDialectOptions {
  readonly sql: DatabaseSql;
  /** Opens the database; called once, before the first query. */
  readonly open: () => Promise<Pick<Database, 'begin' | 'close' | 'execute' | 'stream'>>;
  /** Returns the options of each query and transaction. The `signal` that Kysely passes replaces theirs. Default: none. */
  readonly executeOptions?: () => ExecuteOptions;
  readonly typed?: TypedLane;
}

/** What a storage adds to its plain queries. */
export interface TypedLane {
  /** The compiler of the queries, which encodes their values, and compiles a query again whose tables have changed. */
  readonly queries: TypedQueries;
  /** Called after a statement that may have changed the schema, and again at the end of its transaction. */
  readonly onSchemaChange: () => void;
}

/** A Kysely dialect over a Sluice database. Single statements and transactions pass through the driver's queues, like any other call. */
export class DatabaseDialect implements Dialect {
  readonly #options: DatabaseDialectOptions;

  constructor(options: DatabaseDialectOptions) {
    this.#options = options;
  }

  createDriver(): KyselyDriver {
    return new LaneDriver(this.#options);
  }

  createQueryCompiler(): QueryCompiler {
    return this.#options.typed?.queries ?? new FixingCompiler(this.#options.sql);
  }

  createAdapter(): DialectAdapter {
    return this.#options.sql.createAdapter();
  }

  createIntrospector(db: Kysely<unknown>): DatabaseIntrospector {
    return this.#options.sql.createIntrospector(db);
  }
}

type OpenDatabase = Awaited<ReturnType<DatabaseDialectOptions['open']>>;

/** Kysely's driver. Its connections are virtual: they hold none of the database's until a statement runs or a transaction begins. */
class LaneDriver implements KyselyDriver {
  readonly #options: DatabaseDialectOptions;
  #database: OpenDatabase | undefined;

  constructor(options: DatabaseDialectOptions) {
    this.#options = options;
  }

  async init(): Promise<void> {
    this.#database = await this.#options.open();
  }

  async acquireConnection(): Promise<LaneConnection> {
    if (this.#database === undefined) throw new Error('Kysely did not initialise the driver.');
    const { executeOptions = () => ({}), typed } = this.#options;
    return new LaneConnection(this.#database, executeOptions, { typed });
  }

  beginTransaction(connection: LaneConnection, settings: TransactionSettings): Promise<void> {
    return connection.begin(settings);
  }

  commitTransaction(connection: LaneConnection): Promise<void> {
    return connection.commit();
  }

  rollbackTransaction(connection: LaneConnection): Promise<void> {
    return connection.end((transaction) => transaction.rollback());
  }

  savepoint(connection: LaneConnection, name: string): Promise<void> {
    return connection.control(`savepoint ${quote(name)}`);
  }

  rollbackToSavepoint(connection: LaneConnection, name: string): Promise<void> {
    return connection.rollbackToSavepoint(quote(name));
  }

  releaseSavepoint(connection: LaneConnection, name: string): Promise<void> {
    return connection.control(`release savepoint ${quote(name)}`);
  }

  async releaseConnection(connection: LaneConnection): Promise<void> {
    await connection.end((transaction) => transaction.rollback());
  }

  async destroy(): Promise<void> {
    await this.#database?.close();
  }
}

/** Kysely's connection. It runs queries in the transaction that was begun on it, otherwise each in a transaction of its own. */
export class LaneConnection implements DatabaseConnection {
  readonly #database: Pick<Database, 'begin' | 'execute' | 'stream'>;
  readonly #executeOptions: () => ExecuteOptions;
  readonly #typed: TypedLane | undefined;
  #transaction: DatabaseTransaction | undefined;
  #hasChangedSchema = false;

  /** @param transaction that is open already. */
  constructor(
    database: Pick<Database, 'begin' | 'execute' | 'stream'>,
    executeOptions: () => ExecuteOptions,
    { transaction, typed }: { transaction?: DatabaseTransaction | undefined; typed?: TypedLane | undefined },
  ) {
    this.#database = database;
    this.#executeOptions = executeOptions;
    this.#transaction = transaction;
    this.#typed = typed;
  }

  async executeQuery<R>(
    query: CompiledQuery,
    options?: { signal?: AbortSignal | undefined },
  ): Promise<QueryResult<R>> {
    const target = this.#transaction ?? this.#database;
    const result = await this.#run(query, options?.signal, (statement, execute) =>
      target.execute(statement, execute),
    );
    this.#typed?.queries.decode(query, result.rows);
    if (mayChangeSchema(query)) this.#noteSchemaChange();
    return toQueryResult<R>(result, query);
  }

  async *streamQuery<R>(
    query: CompiledQuery,
    chunkSize: number,
    options?: { signal?: AbortSignal | undefined },
  ): AsyncIterableIterator<QueryResult<R>> {
    assertBatchSize('chunkSize', chunkSize);
    const target = this.#transaction ?? this.#database;
    const { batches, first } = await this.#run(query, options?.signal, async (statement, execute) => {
      const opened = target.stream(statement, chunkSize, execute)[Symbol.asyncIterator]();
      return { batches: opened, first: await opened.next() };
    });
    try {
      for (let next = first; !next.done; next = await batches.next()) {
        this.#typed?.queries.decode(query, next.value);
        yield { rows: next.value as R[] };
      }
    } finally {
      await batches.return?.();
    }
  }

  async begin(settings: TransactionSettings): Promise<void> {
    this.#transaction = await this.#database.begin({
      ...this.#executeOptions(),
      ...toBeginSettings(settings),
    });
  }

  /** Ends the open transaction, if there is one, by `how`. It counts as ended whatever the outcome. */
  async end(how: (transaction: DatabaseTransaction) => Promise<void>): Promise<void> {
    const transaction = this.#transaction;
    if (transaction === undefined) return;
    this.#transaction = undefined;
    try {
      await how(transaction);
    } finally {
      if (this.#hasChangedSchema) this.#typed?.onSchemaChange();
      this.#hasChangedSchema = false;
    }
  }

  commit(): Promise<void> {
    return this.end(async (transaction) => {
      try {
        await transaction.commit();
      } catch (error) {
        // A broken scope refuses to commit and is still open. The error of its rollback must not replace the first one.
        if (transaction instanceof TransactionScope) await transaction.rollback().catch(() => {});
        throw error;
      }
    });
  }

  async control(sql: string): Promise<void> {
    await this.#opened().execute({ sql, parameters: [], access: 'unknown' }, this.#executeOptions());
  }

  async rollbackToSavepoint(name: string): Promise<void> {
    const transaction = this.#opened();
    if (transaction instanceof TransactionScope)
      await transaction.rollbackToSavepoint(name, this.#executeOptions());
    else await this.control(`rollback to savepoint ${name}`);
  }

  #run<T>(
    query: CompiledQuery,
    signal: AbortSignal | undefined,
    execute: (statement: Statement, options: ExecuteOptions) => Promise<T>,
  ): Promise<T> {
    const options = this.#withSignal(signal);
    const queries = this.#typed?.queries;
    if (queries === undefined) return execute(toStatement(query), options);
    return queries.run([query], { ...options, within: this.#transaction }, ([made = query], how) =>
      execute(toStatement(made), how),
    );
  }

  #noteSchemaChange(): void {
    this.#hasChangedSchema = this.#transaction !== undefined;
    this.#typed?.onSchemaChange();
  }

  #opened(): DatabaseTransaction {
    if (this.#transaction === undefined) throw new UsageError('transaction_ended', 'No transaction is open.');
    return this.#transaction;
  }

  #withSignal(signal: AbortSignal | undefined): ExecuteOptions {
    const options = this.#executeOptions();
    return signal === undefined ? options : { ...options, signal };
  }
}

function toQueryResult<R>(result: StatementResult, query: CompiledQuery): QueryResult<R> {
  const rows = result.rows as R[];
  if (!isCounted(query)) return { rows };
  const numAffectedRows = BigInt(result.affectedRows);
  const { lastInsertId } = result;
  return lastInsertId === undefined
    ? { rows, numAffectedRows }
    : { rows, numAffectedRows, insertId: lastInsertId };
}

/** Whether Kysely's own dialects report the number of affected rows for this query. */
function isCounted({ query, sql }: CompiledQuery): boolean {
  return (
    COUNTED.has(query.kind) ||
    (query.kind === 'RawNode' && /^\s*(?:delete|insert|merge|replace|update)\b/i.test(sql))
  );
}

const COUNTED: ReadonlySet<string> = new Set([
  'DeleteQueryNode',
  'InsertQueryNode',
  'MergeQueryNode',
  'UpdateQueryNode',
]);

function toBeginSettings({
  accessMode,
  isolationLevel,
}: TransactionSettings): Pick<BeginOptions, 'access' | 'isolation'> {
  const access = accessMode === 'read only' ? 'read' : 'write';
  if (isolationLevel === undefined) return { access };
  const isolation = ISOLATION_LEVELS[isolationLevel];
  if (isolation === undefined)
    throw new UnsupportedError(`The isolation level "${isolationLevel}" is not offered.`);
  return { access, isolation };
}

/** Kysely's isolation levels. PostgreSQL and SQLite both treat `read uncommitted` as `read committed` or stronger. */
const ISOLATION_LEVELS: Readonly<Record<string, IsolationLevel | undefined>> = {
  'read committed': 'read committed',
  'read uncommitted': 'read committed',
  'repeatable read': 'repeatable read',
  serializable: 'serializable',
};

function quote(identifier: string): string {
  return `"${identifier.replaceAll('"', '""')}"`;
}
