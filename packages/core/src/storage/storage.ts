import type { Compilable, Kysely } from 'kysely';
import type {
  BackupCallOptions,
  CallOptions,
  ReadOptions,
  TransactionOptions,
} from '../call/call-options.js';
import type { Capabilities } from '../driver/capabilities.js';
import type { DatabaseWarning } from '../driver/database-warning.js';
import type { BackupBefore } from '../driver/driver.js';
import type { StorageMigrator } from '../migrations/storage-migrator.js';
import type { Repositories, TableName } from '../repository/repository.js';
import type { ReplayReason } from '../transaction/replay.js';
import type { BatchResults } from './batch.js';
import type { CallResults, StorageBatch } from './batch-of-calls.js';
import type { StorageMetrics } from './storage-metrics.js';
import type { SnapshotOptions, StorageSnapshot } from './storage-snapshot.js';
import type { TableWatch, WatchOptions } from './table-watch.js';

/**
 * The `tx` that `write`, `read` and `savepoint` pass to their callback. Its repositories run in the transaction. It can be used until the callback's promise
 * settles.
 */
export interface StorageTransaction<DB> extends Repositories<DB> {
  /** Any query, inside this transaction. Its own `transaction()` is refused: use {@link StorageTransaction.savepoint}. */
  readonly kysely: Kysely<DB>;
  /** Runs `callback` in a savepoint. When the callback throws, only the work of the savepoint is rolled back, and the transaction can continue. */
  savepoint<T>(callback: (tx: StorageTransaction<DB>) => Promise<T>): Promise<T>;
  /**
   * Adds a callback that runs once, after the whole transaction is committed, in the order of addition. Put side effects here, because a replay
   * runs the transaction's own callback again. A callback that was added in a savepoint that is rolled back does not run. An error that it throws
   * rejects the call but undoes nothing.
   */
  afterCommit(callback: () => unknown): void;
}

/** The result of `storage.health()`. */
export interface StorageHealth {
  /** Whether the database answered within the deadline. */
  readonly isHealthy: boolean;
  /** The name of the driver. */
  readonly driver: string;
  /** How long the database took to answer, in milliseconds. */
  readonly latencyMs: number;
  /** The code and message of the error when it is not healthy. Contains no credentials. */
  readonly error?: string;
}

/** The events of `storage.on`, by name. Listeners run synchronously; an error that they throw is an uncaught exception. */
export interface StorageEvents {
  /** An attempt was rolled back and will be made again after `delayMs`. */
  replay: [event: { readonly attempt: number; readonly reason: ReplayReason; readonly delayMs: number }];
  /** A rollback failed; the connection was discarded. */
  rollbackFailure: [event: { readonly error: unknown }];
  /** A migration was applied or undone. */
  migration: [event: { readonly name: string; readonly direction: 'up' | 'down' }];
  /** A backup was written to `path` before a migration, and those at `removed` were deleted. */
  backup: [event: BackupBefore];
  /** A condition that an operator should know of, although no call fails. Without a listener it becomes a warning of the process. */
  warning: [event: DatabaseWarning];
  /** The storage was closed. */
  close: [];
}

/** An open storage: typed repositories, transactions and plain Kysely queries over one database, the same on every driver. */
export interface Storage<DB> extends Repositories<DB>, AsyncDisposable {
  /** The optional parts of the contract that the driver offers. */
  readonly capabilities: Capabilities;
  /** Any query. A single statement is a transaction of its own. `transaction()` is serializable but not replayed: use {@link Storage.write} instead. */
  readonly kysely: Kysely<DB>;
  /** Applies and undoes migrations. */
  readonly migrator: StorageMigrator;

  /**
   * Runs `callback` in a serializable transaction and commits it. After a conflict it runs the whole callback again, until the deadline
   * (contract C3). Put side effects into `tx.afterCommit`.
   *
   * @throws what the callback threw, after the rollback; ConstraintError at commit for deferred constraints; TimeoutError,
   * AbortedError, OverloadedError, ClosedError; CommitUnknownError when the connection was lost during COMMIT.
   */
  write<T>(callback: (tx: StorageTransaction<DB>) => Promise<T>, options?: TransactionOptions): Promise<T>;
  /**
   * Runs `callback` in a read-only transaction, on one snapshot. Its first statement takes the snapshot: what was committed until then is in it, what is
   * committed later is not. It never waits for a writer, and no writer waits for it.
   */
  read<T>(callback: (tx: StorageTransaction<DB>) => Promise<T>, options?: ReadOptions): Promise<T>;

  /**
   * Takes a snapshot to hold: one state of the database for several reads, long streams and whatever happens in between. It is taken when the promise resolves.
   *
   * ```ts
   * await using snapshot = await storage.snapshot({ label: 'export', maxMs: 3_600_000 });
   * for await (const row of media.in(snapshot).stream({ orderBy: { slug: 'asc' } })) await send(row);
   * ```
   *
   * @throws UnsupportedError where `capabilities.concurrentReaders` is false; TimeoutError and AbortedError when it could not be had in time.
   */
  snapshot(options?: SnapshotOptions): Promise<StorageSnapshot<DB>>;

  /**
   * Runs a list of queries as one serializable transaction, all or nothing. Unlike `write` it has no callback between the queries for which other
   * writers would have to wait; on SQLite it is one message to the writer.
   *
   * ```ts
   * const [inserted, updated] = await storage.batch([
   *   storage.kysely.insertInto('orders').values(order).returning('id'),
   *   storage.kysely.updateTable('stock').set({ left: 4 }).where('item', '=', order.item),
   * ]);
   * ```
   *
   * @param queries built with this storage's own `kysely`.
   * @returns the rows and the number of affected rows of each query.
   * @throws the error of the first query that fails, after the rollback; otherwise as {@link Storage.write}.
   */
  batch<const Queries extends readonly Compilable<unknown>[]>(
    queries: Queries,
    options?: CallOptions,
  ): Promise<BatchResults<Queries>>;

  /**
   * Runs calls of repositories, and plain queries, as one such transaction. The callback makes the calls at once, without awaiting any, and returns those whose results
   * are wanted; they run in the order in which they were made.
   *
   * ```ts
   * const [order, left] = await storage.batch((batch) => [
   *   orders.in(batch).insert(order),
   *   stock.in(batch).update(order.item, { left: 4 }),
   *   batch.query(storage.kysely.deleteFrom('basket').where('user', '=', order.user)),
   * ]);
   * ```
   */
  batch<const Calls extends readonly unknown[]>(
    calls: (batch: StorageBatch<DB>) => Calls,
    options?: CallOptions,
  ): Promise<CallResults<Calls>>;

  /**
   * Returns a position after every transaction committed so far. A later read, in any process, sees all of these:
   * `storage.read(work, { after: position })`. It is `undefined` when every read sees every commit anyway; `after` takes that too.
   */
  position(options?: CallOptions): Promise<string | undefined>;

  /**
   * Reports when tables change, in any process: for job queues and live pages. Every change that is committed after the promise resolves is reported
   * at least once; an event may also come without a change. An event names tables, not rows: read the rows that you need when it comes.
   *
   * ```ts
   * for await (const { tables } of await storage.watch(['job'], { signal })) await work();
   * ```
   *
   * PostgreSQL: the first watch of a table creates a trigger on it (`sluice_watch`), and the driver uses LISTEN. SQLite: every commit to the file is
   * reported for all watched tables; the driver finds commits of other processes within its `watchIntervalMs`.
   *
   * @throws UsageError `unknown_table`; UnsupportedError where `capabilities.watchesChanges` is false; ConfigurationError when the role may not
   * create the trigger.
   */
  watch<T extends TableName<DB>>(tables: readonly T[], options?: WatchOptions): Promise<TableWatch<T>>;

  /** Returns what was counted and measured since the storage was opened; synchronous and cheap. */
  metrics(): StorageMetrics;
  /** Adds a listener to an event. Returns a function that removes it. */
  on<E extends keyof StorageEvents>(event: E, listener: (...args: StorageEvents[E]) => void): () => void;
  /** Checks whether the database answers. Never rejects. Default `timeoutMs`: 2,000. */
  health(options?: CallOptions): Promise<StorageHealth>;
  /** Writes a consistent copy of the database to a new file at `path` while other calls run. @throws UnsupportedError when the driver has no backup. */
  backup(path: string, options?: BackupCallOptions): Promise<void>;
  /** Refuses new calls, finishes those accepted, and frees every thread, connection, lock and file. May be called again. @throws UsageError `outer_handle` inside a transaction. */
  close(): Promise<void>;
}
