import type { Compilable, Kysely } from 'kysely';
import type {
  BackupCallOptions,
  CallOptions,
  ReadOptions,
  TransactionOptions,
} from '../call/call-options.js';
import type { Capabilities } from '../driver/capabilities.js';
import type { DatabaseWarning } from '../driver/database-warning.js';
import type { StorageMigrator } from '../migrations/storage-migrator.js';
import type { KeyColumns, Repository, RepositoryOptions, TableName } from '../repository/repository.js';
import type { ReplayReason } from '../transaction/replay.js';
import type { BatchResults } from './batch.js';
import type { StorageMetrics } from './storage-metrics.js';
import type { TableWatch, WatchOptions } from './table-watch.js';

/** What `write`, `read` and `savepoint` hand to their callback. It can be used until the callback's promise settles. */
export interface StorageTransaction<DB> {
  /** Any query, inside this transaction. Its own `transaction()` is refused: use {@link StorageTransaction.savepoint}. */
  readonly kysely: Kysely<DB>;
  /** Typed access to one table, inside this transaction. */
  repository<T extends TableName<DB>, const K extends KeyColumns<DB, T>>(
    table: T,
    options: RepositoryOptions<K>,
  ): Repository<DB, T, K>;
  /** Runs `callback` in an inner transaction: when it throws, what it did is undone and the outer one can go on. */
  savepoint<T>(callback: (tx: StorageTransaction<DB>) => Promise<T>): Promise<T>;
  /**
   * Adds what runs once, in order, after the outermost transaction is durable: the place for side effects, since the callback itself may run
   * more than once. What is added in a savepoint that is undone does not run. What it throws rejects the call, and undoes nothing.
   */
  afterCommit(callback: () => unknown): void;
}

/** What `storage.health()` answers. */
export interface StorageHealth {
  /** Whether the database answered within the deadline. */
  readonly isHealthy: boolean;
  readonly driver: string;
  /** How long the answer took, in milliseconds. */
  readonly latencyMs: number;
  /** Why it is not healthy, without credentials. */
  readonly error?: string;
}

/** What `storage.on` tells of, by name. Listeners run synchronously; what they throw is an uncaught exception. */
export interface StorageEvents {
  /** An attempt was undone and is about to be made again. */
  replay: [event: { readonly attempt: number; readonly reason: ReplayReason; readonly delayMs: number }];
  /** A rollback failed; the connection was discarded. */
  rollbackFailure: [event: { readonly error: unknown }];
  /** A migration was applied or undone. */
  migration: [event: { readonly name: string; readonly direction: 'up' | 'down' }];
  /** A copy was written to `path` before migrating. */
  backup: [event: { readonly path: string }];
  /** What an operator should know, although every call goes on. Without a listener it becomes a warning of the process. */
  warning: [event: DatabaseWarning];
  /** The storage was closed. */
  close: [];
}

/** An open storage: typed repositories, transactions and plain Kysely queries over one database, the same on every driver. */
export interface Storage<DB> extends AsyncDisposable {
  /** What the driver keeps beyond the core of the contract. */
  readonly capabilities: Capabilities;
  /** Any query. Single statements are transactions of their own; `transaction()` is serializable, but is not replayed: use {@link Storage.write}. */
  readonly kysely: Kysely<DB>;
  /** Applies and undoes migrations. */
  readonly migrator: StorageMigrator;

  /** Typed access to one table. The table, the key and every column are checked at the first call. */
  repository<T extends TableName<DB>, const K extends KeyColumns<DB, T>>(
    table: T,
    options: RepositoryOptions<K>,
  ): Repository<DB, T, K>;

  /**
   * Runs `callback` in a serializable transaction and commits it. After a conflict it runs again, whole, until the deadline
   * (contract C3): side effects belong into `tx.afterCommit`.
   *
   * @throws what the callback threw, after everything was undone; ConstraintError at commit for deferred constraints; TimeoutError,
   * AbortedError, OverloadedError, ClosedError; CommitUnknownError when the connection was lost during COMMIT.
   */
  write<T>(callback: (tx: StorageTransaction<DB>) => Promise<T>, options?: TransactionOptions): Promise<T>;
  /** Runs `callback` on one snapshot, read only. It never waits for a writer, nor a writer for it. */
  read<T>(callback: (tx: StorageTransaction<DB>) => Promise<T>, options?: ReadOptions): Promise<T>;

  /**
   * Runs queries that are known beforehand as one serializable transaction, all or nothing, without a callback that others would have to wait
   * for: on SQLite in one message to the writer.
   *
   * ```ts
   * const [inserted, updated] = await storage.batch([
   *   storage.kysely.insertInto('orders').values(order).returning('id'),
   *   storage.kysely.updateTable('stock').set({ left: 4 }).where('item', '=', order.item),
   * ]);
   * ```
   *
   * @param queries of this storage's own `kysely`.
   * @returns rows and the number of affected rows of each query.
   * @throws the error of the first query that fails, after everything was undone; otherwise as {@link Storage.write}.
   */
  batch<const Queries extends readonly Compilable<unknown>[]>(
    queries: Queries,
    options?: CallOptions,
  ): Promise<BatchResults<Queries>>;

  /**
   * Names what is committed now, so that a later request, in whatever process, can ask to see it: `storage.read(work, { after: position })`.
   * `undefined` where every read sees every commit anyway, which may be passed on as it is.
   */
  position(options?: CallOptions): Promise<string | undefined>;

  /**
   * Tells when tables change, by whatever process: for job queues and live pages. Whatever is committed after the promise resolves is reported, at
   * least once; an event may also come without a change. It names tables, not rows: read what you need when it comes.
   *
   * ```ts
   * for await (const { tables } of await storage.watch(['job'], { signal })) await work();
   * ```
   *
   * PostgreSQL: a trigger on each table (`sluice_watch`), made by the first watch, and LISTEN. SQLite: any commit to the file is reported for all
   * watched tables; those of other processes are found within the driver's `watchIntervalMs`.
   *
   * @throws UsageError `unknown_table`; UnsupportedError where `capabilities.watchesChanges` is false; ConfigurationError when the role may not
   * create the trigger.
   */
  watch<T extends TableName<DB>>(tables: readonly T[], options?: WatchOptions): Promise<TableWatch<T>>;

  /** What happened since the storage was opened; synchronous and cheap. */
  metrics(): StorageMetrics;
  /** Listens to an event; returns what stops listening. */
  on<E extends keyof StorageEvents>(event: E, listener: (...args: StorageEvents[E]) => void): () => void;
  /** Whether the database answers. Never rejects. Default deadline 2,000 ms. */
  health(options?: CallOptions): Promise<StorageHealth>;
  /** Writes a consistent copy of the database to a new file at `path` while others go on. @throws UnsupportedError where the driver has none. */
  backup(path: string, options?: BackupCallOptions): Promise<void>;
  /** Refuses new calls, finishes those accepted, and frees every thread, connection, lock and file. May be called again. */
  close(): Promise<void>;
}
