import type { CompiledQuery, DatabaseConnection, QueryResult, TransactionSettings } from 'kysely';
import type {
  BeginOptions,
  CatalogOptions,
  Database,
  DatabaseSession,
  DatabaseTransaction,
  ExecuteOptions,
  IsolationLevel,
  Statement,
  StatementResult,
} from '../driver/driver.js';
import { assertBatchSize } from '../errors/invalid-query.js';
import { UnsupportedError, UsageError } from '../errors/usage-errors.js';
import { TransactionScope } from '../transaction/transaction-scope.js';
import { mayChangeSchema, toStatement } from './to-statement.js';
import type { TypedQueries } from './typed-queries.js';

/** What a storage adds to its plain queries. */
export interface TypedLane {
  /** The compiler of the queries, which encodes their values, and compiles a query again whose tables have changed. */
  readonly queries: TypedQueries;
  /** Called after a statement that may have changed the schema, and again at the end of its transaction. */
  readonly onSchemaChange: () => void;
}

/** The part of a database that its connections use. */
export type ConnectionDatabase = Pick<Database, 'begin' | 'execute' | 'session' | 'stream'>;

/** How a connection of Kysely's differs from others. */
export interface LaneConnectionOptions {
  /** A transaction that is open already. */
  readonly transaction?: DatabaseTransaction | undefined;
  readonly typed?: TypedLane | undefined;
  /**
   * What a signal that Kysely passes does to a query that runs. `finish`: nothing, as Kysely says of its default strategy; the signal ends only the wait for the
   * query's turn. `cancel`: it is cancelled, as every call of a storage. Default `finish`.
   */
  readonly onAbort?: 'cancel' | 'finish' | undefined;
  /** See {@link DatabaseSql.countsDefinitions}. */
  readonly countsDefinitions?: boolean | undefined;
}

/** What Kysely passes with a query. */
interface QueryOptions {
  readonly signal?: AbortSignal | undefined;
}

/**
 * Kysely's connection, from Kysely's `acquireConnection` to its `releaseConnection`: for one query, for a transaction, or for all that runs in `db.connection()`.
 * It runs queries in the transaction that was begun on it, otherwise each in a transaction of its own. Where the database has sessions it is one session.
 */
export class LaneConnection implements DatabaseConnection {
  readonly #target: Pick<Database, 'begin' | 'execute' | 'stream'>;
  readonly #session: DatabaseSession | undefined;
  readonly #executeOptions: () => ExecuteOptions;
  readonly #typed: TypedLane | undefined;
  readonly #onAbort: 'cancel' | 'finish';
  readonly #countsDefinitions: boolean;
  #transaction: DatabaseTransaction | undefined;
  #hasChangedSchema = false;
  /** Whether the session has read the tables, which it may see otherwise than others do. */
  #hasReadTables = false;
  /** What the driver does for a command that Kysely sees as a query. */
  #command: { readonly query: CompiledQuery; readonly work: () => Promise<void> } | undefined;
  /** Cancels the running query. */
  #running: AbortController | undefined;
  /** Whether the session ends with the running query. */
  #mustKill = false;

  constructor(
    target: Pick<Database, 'begin' | 'execute' | 'stream'>,
    session: DatabaseSession | undefined,
    executeOptions: () => ExecuteOptions,
    { transaction, typed, onAbort = 'finish', countsDefinitions = false }: LaneConnectionOptions,
  ) {
    this.#session = session;
    this.#target = session ?? target;
    this.#executeOptions = executeOptions;
    this.#transaction = transaction;
    this.#typed = typed;
    this.#onAbort = onAbort;
    this.#countsDefinitions = countsDefinitions;
  }

  /** A connection to a database. Kysely's abort strategies are refused by Kysely where the database has no sessions that it can end. */
  static to(
    database: ConnectionDatabase,
    executeOptions: () => ExecuteOptions,
    options: LaneConnectionOptions,
  ): LaneConnection {
    const session = database.session?.();
    const Connection = session?.kill === undefined ? LaneConnection : AbortableConnection;
    return new Connection(database, session, executeOptions, options);
  }

  /** Cancels the query that runs, if one does. */
  protected abortRunning(): void {
    this.#running?.abort();
  }

  /** The same, and ends the session with it. */
  protected killWithRunning(): void {
    this.#mustKill = this.#running !== undefined;
    this.abortRunning();
  }

  async executeQuery<R>(query: CompiledQuery, options: QueryOptions = {}): Promise<QueryResult<R>> {
    if (this.#command?.query === query) {
      await this.#command.work();
      return { rows: [] };
    }
    const target = this.#transaction ?? this.#target;
    const result = await this.#cancellable(options, (how) =>
      this.#run(query, how, (statement, execute) => target.execute(statement, execute)),
    );
    this.#typed?.queries.decode(query, result.rows);
    if (!mayChangeSchema(query)) return toQueryResult<R>(result, query);
    this.#noteSchemaChange();
    return this.#countsDefinitions ? { rows: [], numAffectedRows: 0n } : toQueryResult<R>(result, query);
  }

  async *streamQuery<R>(
    query: CompiledQuery,
    chunkSize: number,
    { signal }: QueryOptions = {},
  ): AsyncIterableIterator<QueryResult<R>> {
    assertBatchSize('chunkSize', chunkSize);
    const target = this.#transaction ?? this.#target;
    const { batches, first } = await this.#run(query, { signal }, async (statement, execute) => {
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

  /** Does `work` as if it were the query `shown`, so that Kysely's `log` shows it. */
  async perform(shown: CompiledQuery, work: () => Promise<void>): Promise<void> {
    this.#command = { query: shown, work };
    try {
      await this.executeQuery(shown);
    } finally {
      this.#command = undefined;
    }
  }

  async begin(settings: TransactionSettings): Promise<void> {
    this.#transaction = await this.#target.begin({
      ...this.#executeOptions(),
      ...toBeginSettings(settings),
    });
  }

  commit(): Promise<void> {
    return this.#end(async (transaction) => {
      try {
        await transaction.commit();
      } catch (error) {
        // A broken scope refuses to commit and is still open. The error of its rollback must not replace the first one.
        if (transaction instanceof TransactionScope) await transaction.rollback().catch(() => {});
        throw error;
      }
    });
  }

  rollback(): Promise<void> {
    return this.#end((transaction) => transaction.rollback());
  }

  /** Rolls back what is open, and gives the session back. */
  async release(): Promise<void> {
    try {
      await this.rollback();
    } finally {
      if (this.#hasReadTables) this.#typed?.onSchemaChange();
      await this.#session?.release();
    }
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

  /** Ends the open transaction, if there is one, by `how`. It counts as ended whatever the outcome. */
  async #end(how: (transaction: DatabaseTransaction) => Promise<void>): Promise<void> {
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

  /** Runs a query that Kysely may abort. {@link AbortableConnection.cancelQuery} and {@link AbortableConnection.killSession} are called then. */
  async #cancellable<T>({ signal }: QueryOptions, work: (how: ExecuteOptions) => Promise<T>): Promise<T> {
    if (signal === undefined) return work({});
    const running = new AbortController();
    this.#running = running;
    const cancel = (): void => running.abort(signal.reason);
    if (this.#onAbort === 'cancel') signal.addEventListener('abort', cancel, { once: true });
    if (this.#onAbort === 'cancel' && signal.aborted) cancel();
    try {
      return await work({ waitSignal: signal, signal: running.signal });
    } finally {
      signal.removeEventListener('abort', cancel);
      this.#running = undefined;
      if (this.#mustKill) this.#session?.kill?.();
    }
  }

  #run<T>(
    query: CompiledQuery,
    how: ExecuteOptions,
    execute: (statement: Statement, options: ExecuteOptions) => Promise<T>,
  ): Promise<T> {
    const options = { ...this.#executeOptions(), ...how };
    const queries = this.#typed?.queries;
    if (queries === undefined) return execute(toStatement(query), options);
    return queries.run([query], { ...options, within: this.#readsTables() }, ([made = query], asMade) =>
      execute(toStatement(made), asMade),
    );
  }

  /** In what the tables must be read where they are in doubt; `undefined` before the session has a connection: it would wait for another one. */
  #readsTables(): CatalogOptions['within'] {
    const session = this.#session;
    if (this.#transaction !== undefined || session?.isHeld !== true) return this.#transaction;
    return {
      execute: (statement, options) => {
        this.#hasReadTables = true;
        return session.execute(statement, options);
      },
    };
  }

  #noteSchemaChange(): void {
    this.#hasChangedSchema = this.#transaction !== undefined;
    this.#typed?.onSchemaChange();
  }

  #opened(): DatabaseTransaction {
    if (this.#transaction === undefined) throw new UsageError('transaction_ended', 'No transaction is open.');
    return this.#transaction;
  }
}

/** A connection that has Kysely's abort strategies. */
class AbortableConnection extends LaneConnection {
  async cancelQuery(): Promise<void> {
    this.abortRunning();
  }

  async killSession(): Promise<void> {
    this.killWithRunning();
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
  return COUNTED.has(query.kind) || (query.kind === 'RawNode' && WRITES.test(withoutWith(sql)));
}

const WRITES = /^\s*(?:delete|insert|merge|replace|update)\b/i;

/** A statement that begins by WITH from its own first word on: what is in parentheses, strings and names is taken out. */
function withoutWith(sql: string): string {
  if (!/^\s*with\b/i.test(sql)) return sql;
  let text = sql.replaceAll(/--.*$|'[^']*'|"[^"]*"/gm, '_');
  for (let before = ''; before !== text; ) {
    before = text;
    text = text.replaceAll(/\([^()]*\)/g, ' ');
  }
  return text.slice(Math.max(0, text.search(/\b(?:delete|insert|merge|replace|select|update|values)\b/i)));
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
