import { EventEmitter } from 'node:events';
import {
  type Compilable,
  type CompiledQuery,
  type Dialect,
  DummyDriver,
  Kysely,
  type KyselyPlugin,
} from 'kysely';
import {
  type BackupCallOptions,
  type CallOptions,
  type ReadOptions,
  type TransactionOptions,
  toExecuteOptions,
} from '../call/call-options.js';
import { DatabaseDialect, type DialectDatabase } from '../dialect/database-dialect.js';
import type { TypedLane } from '../dialect/lane-connection.js';
import { mayChangeSchema, toStatement } from '../dialect/to-statement.js';
import { TypedQueries } from '../dialect/typed-queries.js';
import type { Capabilities } from '../driver/capabilities.js';
import type {
  BackupBeforeOptions,
  BeginOptions,
  Database,
  DatabaseSql,
  ExecuteOptions,
  Row,
} from '../driver/driver.js';
import { SluiceError } from '../errors/sluice-error.js';
import { UnsupportedError, UsageError } from '../errors/usage-errors.js';
import { StorageMigrator } from '../migrations/storage-migrator.js';
import { camelCaseNaming, type Naming, sameNaming } from '../naming/naming.js';
import { inOwnNames } from '../naming/own-names.js';
import { HostedRepositories } from '../repository/hosted-repositories.js';
import type { TableName } from '../repository/repository.js';
import { StatementsRegistry } from '../repository/statements-registry.js';
import type { AnyTables } from '../repository/where.js';
import type { OnReplay } from '../transaction/replay.js';
import { runTransaction } from '../transaction/run-transaction.js';
import type { TransactionScope } from '../transaction/transaction-scope.js';
import { type BatchHost, type BatchResults, runBatch, toBatchResults } from './batch.js';
import { BatchOfCalls, type CallResults, type StorageBatch } from './batch-of-calls.js';
import { HeldSnapshots } from './held-snapshots.js';
import { KnownCatalog } from './known-catalog.js';
import { schemaChanges } from './schema-changes.js';
import type { Storage, StorageEvents, StorageHealth, StorageTransaction } from './storage.js';
import { StorageDatabase } from './storage-database.js';
import { StorageCounters, type StorageMetrics } from './storage-metrics.js';
import { assertStorageOptions, chooseDriver, keptBackups, type StorageOptions } from './storage-options.js';
import type { SnapshotOptions, StorageSnapshot } from './storage-snapshot.js';
import { deliver, StorageWarnings } from './storage-warnings.js';
import type { TableWatch, WatchOptions } from './table-watch.js';
import { TableWatches } from './table-watches.js';
import { TransactionHandle, type TransactionHandleHost } from './transaction-handle.js';

const DEFAULT_TIMEOUT_MS = 30_000;
const HEALTH_TIMEOUT_MS = 2_000;

/**
 * Opens the database behind a URL, with the driver for the URL's scheme, and verifies that it can be used.
 *
 * @example
 * const storage = await openStorage<DB>({ url: 'sqlite:./app.db', drivers: [sqlite(), postgres()] });
 *
 * @throws ConfigurationError, ConnectionError or CorruptError. The message says what to do. Nothing is left open.
 */
export async function openStorage<DB>(options: StorageOptions): Promise<Storage<DB>> {
  assertStorageOptions(options);
  const driver = chooseDriver(options);
  keptBackups(options);
  const warnings = new StorageWarnings();
  const database = await driver.open(options.url, warnings.report);
  const events = new EventEmitter();
  const storage = new OpenStorage<DB>(driver.name, database, options, events);
  try {
    await storage.readCatalog();
    warnings.deliverTo(events);
    return storage;
  } catch (error) {
    await storage.close();
    throw error;
  }
}

/** The host of the calls outside transactions. */
interface StorageHost extends TransactionHandleHost {
  readonly typed: TypedLane;
}

class OpenStorage<DB> extends HostedRepositories<DB> implements Storage<DB> {
  readonly capabilities: Capabilities;
  readonly kysely: Kysely<DB>;
  readonly migrator: StorageMigrator;
  readonly #driverName: string;
  readonly #database: Database;
  readonly #guarded: StorageDatabase;
  readonly #counters = new StorageCounters();
  readonly #events: EventEmitter;
  readonly #naming: Naming;
  readonly #timeoutMs: number;
  readonly #host: StorageHost;
  readonly #watches: TableWatches;
  readonly #catalog: KnownCatalog;
  readonly #snapshots: HeldSnapshots<DB>;

  constructor(driverName: string, database: Database, options: StorageOptions, events: EventEmitter) {
    super();
    this.#driverName = driverName;
    this.#events = events;
    this.#database = database;
    this.#naming = options.camelCase === true ? camelCaseNaming() : sameNaming;
    this.#timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    this.#guarded = new StorageDatabase(this, database, this.#counters, this.#onReplay);
    this.capabilities = database.capabilities;
    this.#catalog = new KnownCatalog(database);
    this.#host = this.#createHost();
    this.kysely = this.#createKysely();
    this.#snapshots = new HeldSnapshots<DB>({
      owner: this,
      database,
      handle: this.#host,
      onReplay: this.#onReplay,
      onStatement: () => this.#catalog.transactionEnded(),
      onRollbackFailure: (error) => this.#events.emit('rollbackFailure', { error }),
      onWarning: (warning) => deliver(this.#events, warning),
    });
    this.#watches = new TableWatches({
      database,
      naming: this.#naming,
      readCatalog: (names, execute) => this.#catalog.readWith(names, execute),
      onReplay: this.#onReplay,
    });
    this.migrator = new StorageMigrator({
      migrations: options.migrations,
      context: { driver: driverName },
      ...schemaChanges({
        database,
        guarded: this.#guarded,
        catalog: this.#catalog,
        handle: this.#host,
        transaction: this.#transactionHost(),
        run: (work, execute) => this.#run(work, execute),
      }),
      refresh: () => this.readCatalog(),
      readRecords: (execute) => (table) => this.#readRecords(table, execute),
      onFirstStep: (steps, execute) => this.#backUpBefore(steps, { ...execute, keep: keptBackups(options) }),
      onStep: (event) => this.#events.emit('migration', event),
    });
  }

  write<T>(
    callback: (tx: StorageTransaction<DB>) => Promise<T>,
    options: TransactionOptions = {},
  ): Promise<T> {
    return this.#transaction('write', callback, options);
  }

  async read<T>(
    callback: (tx: StorageTransaction<DB>) => Promise<T>,
    { deferrable = false, ...options }: ReadOptions = {},
  ): Promise<T> {
    return this.#transaction('read', callback, deferrable ? asDeferrable(options) : options);
  }

  async snapshot({ maxMs, after, ...options }: SnapshotOptions = {}): Promise<StorageSnapshot<DB>> {
    this.#guarded.assertUsable();
    if (!this.capabilities.concurrentReaders)
      throw new UnsupportedError(
        'A snapshot to hold would keep all writers waiting on this driver; use `read`.',
      );
    const execute = toExecuteOptions(options, this.#timeoutMs, 'snapshot');
    const origin = new Error(`The snapshot "${execute.label}" was taken here.`);
    return this.#guarded.track('transactions', execute.label, () =>
      this.#snapshots.open({ execute, maxMs, after, origin }),
    );
  }

  batch<const Calls extends readonly unknown[]>(
    calls: (batch: StorageBatch<DB>) => Calls,
    options?: CallOptions,
  ): Promise<CallResults<Calls>>;
  batch<const Queries extends readonly Compilable<unknown>[]>(
    queries: Queries,
    options?: CallOptions,
  ): Promise<BatchResults<Queries>>;
  async batch(
    work: readonly Compilable<unknown>[] | ((batch: StorageBatch<DB>) => readonly unknown[]),
    options: CallOptions = {},
  ): Promise<readonly unknown[]> {
    this.#guarded.assertUsable();
    return typeof work === 'function' ? this.#batchOfCalls(work, options) : this.#batchOf(work, options);
  }

  async #batchOfCalls(
    callback: (batch: StorageBatch<DB>) => readonly unknown[],
    options: CallOptions,
  ): Promise<readonly unknown[]> {
    const execute = toExecuteOptions(options, this.#timeoutMs, 'batch');
    const { queries } = this.#host.typed;
    const onQuery = (query: CompiledQuery): void => {
      if (mayChangeSchema(query)) this.#catalog.doubt();
    };
    const host = { repositories: this.#host, queries, kysely: this.kysely, execute, onQuery };
    const batch = new BatchOfCalls(host, callback);
    return this.#guarded.track('transactions', execute.label, () =>
      batch.run((statements, madeFor) =>
        runBatch(this.#transactionHost(), statements, { ...execute, madeFor }),
      ),
    );
  }

  async #batchOf<const Queries extends readonly Compilable<unknown>[]>(
    queries: Queries,
    options: CallOptions,
  ): Promise<BatchResults<Queries>> {
    const compiled = queries.map((query) => query.compile());
    if (compiled.length === 0) return [] as unknown as BatchResults<Queries>;
    const execute = toExecuteOptions(options, this.#timeoutMs, 'batch');
    const results = await this.#guarded.track('transactions', execute.label, () =>
      this.#host.typed.queries.run(compiled, execute, (made, how) =>
        runBatch(this.#transactionHost(), made.map(toStatement), how),
      ),
    );
    for (const [index, { rows }] of results.entries())
      this.#host.typed.queries.decode(compiled[index] as CompiledQuery, rows);
    if (compiled.some(mayChangeSchema)) this.#catalog.doubt();
    return (await toBatchResults(this.kysely, results)) as unknown as BatchResults<Queries>;
  }

  async position(options: CallOptions = {}): Promise<string | undefined> {
    this.#guarded.assertUsable();
    return this.#database.position?.(toExecuteOptions(options, this.#timeoutMs, 'position'));
  }

  async watch<T extends TableName<DB>>(
    tables: readonly T[],
    options: WatchOptions = {},
  ): Promise<TableWatch<T>> {
    this.#guarded.assertUsable();
    return this.#watches.open(tables, toExecuteOptions(options, this.#timeoutMs, 'watch'));
  }

  metrics(): StorageMetrics {
    return this.#counters.snapshot(this.#driverName, this.#database.metrics());
  }

  on<E extends keyof StorageEvents>(event: E, listener: (...args: StorageEvents[E]) => void): () => void {
    this.#events.on(event, listener as (...args: unknown[]) => void);
    return () => this.#events.off(event, listener as (...args: unknown[]) => void);
  }

  async health(options: CallOptions = {}): Promise<StorageHealth> {
    const since = performance.now();
    const answer = (error?: string): StorageHealth => ({
      isHealthy: error === undefined,
      driver: this.#driverName,
      latencyMs: performance.now() - since,
      ...(error === undefined ? {} : { error }),
    });
    try {
      this.#guarded.assertOpen();
      await this.#database.ping(toExecuteOptions(options, HEALTH_TIMEOUT_MS, 'health'));
      return answer();
    } catch (error) {
      return answer(
        error instanceof SluiceError ? `${error.code}: ${error.message}` : 'internal: an unknown error',
      );
    }
  }

  async backup(path: string, { onProgress, ...options }: BackupCallOptions = {}): Promise<void> {
    this.#guarded.assertUsable();
    const execute = toExecuteOptions(options, this.#timeoutMs, 'backup');
    await this.#database.backup(path, { ...execute, onProgress });
  }

  async close(): Promise<void> {
    if (this.#guarded.isClosed) return this.#guarded.close();
    const closed = this.#guarded.close(() => this.#snapshots.close());
    await this.#watches.close();
    await closed;
    this.#events.emit('close');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  readonly #onReplay: OnReplay = (event) => {
    this.#counters.replayed(event.reason);
    this.#events.emit('replay', event);
  };

  async #transaction<T>(
    access: 'read' | 'write',
    callback: (tx: StorageTransaction<DB>) => Promise<T>,
    { isolation, after, deferrable, ...options }: ReadOptions,
  ): Promise<T> {
    const execute = toExecuteOptions(options, this.#timeoutMs, access);
    // Only needed when writers wait for the one writer that holds the lane. Creating it costs as much as parsing one result.
    const origin = this.capabilities.concurrentWriters
      ? undefined
      : new Error(`The transaction "${execute.label}" was begun here.`);
    let hasChangedSchema = false;
    const onSchemaChange = (): void => {
      hasChangedSchema = true;
      this.#catalog.doubt();
    };
    const host = { ...this.#host, typed: { ...this.#host.typed, onSchemaChange } };
    try {
      return await this.#run((scope) => callback(new TransactionHandle<DB>(scope, host, execute)), {
        ...execute,
        access,
        isolation,
        deferrable,
        origin,
        after,
      });
    } catch (error) {
      throw inOwnNames(error, this.#naming);
    } finally {
      if (hasChangedSchema) this.#catalog.doubt();
    }
  }

  async #run<T>(callback: (scope: TransactionScope) => Promise<T>, options: BeginOptions): Promise<T> {
    this.#guarded.assertUsable();
    try {
      return await this.#guarded.track('transactions', options.label, () =>
        runTransaction(this.#transactionHost(), callback, options),
      );
    } finally {
      this.#catalog.transactionEnded();
    }
  }

  #transactionHost(): BatchHost {
    return {
      owner: this,
      database: this.#database,
      onReplay: this.#onReplay,
      onRollbackFailure: (error: unknown) => this.#events.emit('rollbackFailure', { error }),
    };
  }

  /** The rows of a table of the migrations, which are few; `undefined` when there was no such table when the catalog was read. */
  async #readRecords(table: string, execute: ExecuteOptions): Promise<readonly Row[] | undefined> {
    if (!this.#catalog.tables.has(table)) return undefined;
    // Of unknown access, so that it is not read on a replica, which may be late.
    const statement = {
      sql: `select * from ${table}`,
      parameters: [],
      access: 'unknown',
      isBounded: true,
    } as const;
    return (await this.#guarded.execute(statement, execute)).rows;
  }

  /** Writes a backup before the first migration, when the driver has a place for it and the database has tables. Returns its path. */
  async #backUpBefore(steps: readonly string[], options: BackupBeforeOptions): Promise<string | undefined> {
    const database = this.#database;
    if (options.keep === 0 || database.backupBefore === undefined) return undefined;
    if ((await database.catalog()).size === 0) return undefined;
    const backup = await database.backupBefore(steps, options);
    if (backup !== undefined) this.#events.emit('backup', backup);
    return backup?.path;
  }

  #createKysely(): Kysely<DB> {
    const dialect = new DatabaseDialect({
      sql: this.#database.sql,
      typed: this.#host.typed,
      open: async () => this.#databaseForKysely(),
      executeOptions: () => toExecuteOptions({}, this.#timeoutMs, 'kysely'),
      onAbort: 'cancel',
    });
    return new Kysely<DB>({ dialect, plugins: [...this.#host.plugins] });
  }

  override get repositoryHost(): StorageHost {
    return this.#host;
  }

  /** `kysely.destroy()` closes the storage. */
  #databaseForKysely(): DialectDatabase {
    const guarded = this.#guarded;
    const database: DialectDatabase = {
      begin: (options) => guarded.begin(options),
      close: () => this.close(),
      execute: (statement, options) => guarded.execute(statement, options),
      stream: (statement, batchSize, options) => guarded.stream(statement, batchSize, options),
    };
    return this.#database.session === undefined
      ? database
      : { ...database, session: () => guarded.session() };
  }

  #createHost(): StorageHost {
    const { sql } = this.#database;
    const catalog = this.#catalog;
    const queries = new TypedQueries(catalog, sql, this.#naming.toProperty);
    const statements = new StatementsRegistry({
      catalog,
      compiler: createCompiler(sql, this.#naming.plugins),
      sql,
      naming: this.#naming,
      maxParameters: this.capabilities.maxParameters,
    });
    return {
      runner: this.#guarded,
      atomically: (work, { label = 'insertMany', ...options }) =>
        this.#run((scope) => work(scope), {
          ...toExecuteOptions(options, this.#timeoutMs, label),
          access: 'write',
        }),
      statements,
      naming: this.#naming,
      sql,
      plugins: this.#naming.plugins,
      typed: { queries, onSchemaChange: () => catalog.doubt() },
      defaultTimeoutMs: this.#timeoutMs,
      transaction: undefined,
    };
  }

  /** Reads the tables when the storage opens, so that the first calls need not wait for it. */
  async readCatalog(): Promise<void> {
    await this.#catalog.read();
  }
}

function asDeferrable(options: TransactionOptions): ReadOptions {
  const { isolation = 'serializable' } = options;
  if (isolation === 'serializable') return { ...options, isolation, deferrable: true };
  throw new UsageError(
    'invalid_query',
    `A deferrable read is serializable. Leave \`isolation: '${isolation}'\` out.`,
  );
}

/** A Kysely that only compiles queries. */
function createCompiler(sql: DatabaseSql, plugins: readonly KyselyPlugin[]): Kysely<AnyTables> {
  const dialect: Dialect = {
    createAdapter: () => sql.createAdapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: (db) => sql.createIntrospector(db),
    createQueryCompiler: () => sql.createQueryCompiler(),
  };
  return new Kysely<AnyTables>({ dialect, plugins: [...plugins] });
}
