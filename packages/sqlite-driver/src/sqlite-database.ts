import {
  type BackupBefore,
  type BackupBeforeOptions,
  type BackupOptions,
  type BeginOptions,
  type Capabilities,
  type Catalog,
  type CatalogOptions,
  type ChangeListener,
  type Database,
  type DatabaseMetrics,
  type DatabaseSql,
  type DatabaseTransaction,
  type ExecuteOptions,
  type OnWarning,
  type Row,
  type Statement,
  type StatementResult,
  UnsupportedError,
} from '@sluice/core';
import { ChangePoller } from './changes/change-poller.js';
import { connectionOptions } from './connection-options.js';
import { DatabaseFile } from './database-file.js';
import { SqliteSql } from './dialect/database-sql.js';
import { changedFailure, type Failure } from './errors/failure.js';
import { hasChanged, newOpenFiles, type OpenFiles } from './file/file-watch.js';
import { MetricsFile } from './file/metrics-file.js';
import { noteOpen } from './file/open-files.js';
import type { Location } from './file/path.js';
import { locateBackup } from './maintenance/backup-path.js';
import { backUpBefore } from './maintenance/migration-copies.js';
import { RunningBackups } from './maintenance/running-backups.js';
import type { ResolvedOptions } from './options/options.js';
import type { InlineReader } from './reader/inline-reader.js';
import { openReader } from './reader/open-reader.js';
import { ReaderPool, type ReaderWork } from './reader/reader-pool.js';
import { assertOwnAlteration } from './rebuild/alter-table.js';
import {
  type ReadTogether,
  readVersionedCatalog,
  readWithin,
  recheckCatalog,
} from './schema/catalog-versions.js';
import { statementKind } from './sql/statement.js';
import type { SqliteEngine } from './thread/engine.js';
import { InFlightCounter, type Revocable } from './thread/in-flight-counter.js';
import { closedStuckWarning, type StuckStatement, stuckWarning } from './thread/stuck-report.js';
import { Suspects } from './thread/suspects.js';
import type { LeaseFailure, ThreadLease } from './thread/thread-lease.js';
import type { ConnectionOptions, ThreadRequest, ThreadStatement } from './thread/thread-protocol.js';
import type { CallOutcome } from './thread/watched-call.js';
import { SnapshotLease } from './transaction/snapshot-lease.js';
import { assertAllowedInside, assertAllowedOutside } from './transaction/statement-guard.js';
import { type Alterations, SqliteTransaction } from './transaction/transaction.js';
import { SoleLease } from './transaction/transaction-lease.js';
import { type ResultPart, ROWS_PER_PART } from './values/result-part.js';
import { inBatches, ResultRows } from './values/rows.js';
import { OpenSnapshots } from './wal/open-snapshots.js';
import { WalManager } from './wal/wal-manager.js';
import { writeApart } from './writer/write-apart.js';
import { Writer } from './writer/writer.js';

/** SQLite's own limit (sqlite.org/limits.html, SQLITE_MAX_VARIABLE_NUMBER). */
const MAX_PARAMETERS = 32_766;

/** Up to this number of tables and indexes, the catalog is read on the calling thread: 100 tables take a millisecond or two. */
const FEW_SCHEMA_ENTRIES = 400;

/** A database file with one writer thread and several reader threads, which start when they are needed. */
export class SqliteDatabase implements Database {
  readonly capabilities: Capabilities;
  readonly sql: DatabaseSql;
  readonly #location: Location;
  readonly #engine: SqliteEngine;
  readonly #writer: Writer;
  readonly #readers: ReaderPool;
  readonly #readerOptions: ConnectionOptions;
  readonly #isWarm: boolean;
  readonly #readsInline: boolean;
  readonly #file: DatabaseFile;
  #inline: InlineReader | undefined;
  readonly #snapshots = new OpenSnapshots();
  readonly #wal: WalManager;
  readonly #changes: ChangePoller;
  readonly #alterations: Alterations;
  readonly #inFlight = new InFlightCounter();
  readonly #backups = new RunningBackups(this.#inFlight, this.#snapshots);
  readonly #files: OpenFiles = newOpenFiles();
  #onClosed: () => void = () => {};
  readonly #metricsFile: MetricsFile | undefined;
  readonly #suspects: Suspects;
  /** Whether write transactions run in a process, so that they can be ended. */
  readonly #endsTransactions: boolean;
  readonly #onWarning: OnWarning;
  #closing: Promise<void> | undefined;

  constructor(location: Location, options: ResolvedOptions, engine: SqliteEngine, onWarning: OnWarning) {
    const { isTemporary } = location;
    this.#location = location;
    if (options.metricsFile && !isTemporary)
      this.#metricsFile = new MetricsFile(location.path, () => this.metrics(), onWarning);
    this.#engine = engine;
    this.sql = new SqliteSql(options.values);
    this.#alterations = options.values === 'portable' ? 'own' : 'as_written';
    this.#suspects = new Suspects(options.childProcesses !== 'never');
    this.#endsTransactions = options.childProcesses === 'transactions';
    this.#onWarning = onWarning;
    this.#writer = new Writer(
      connectionOptions('writer', location, this.#files, options),
      { ...options, onStuck: (statement) => this.#reportStuck('writer', statement) },
      ({ wal, commits }) => {
        if (wal !== undefined) this.#wal.notice(wal);
        if (commits !== undefined && commits > 0) this.#changes.pollSoon();
      },
    );
    this.#readerOptions = connectionOptions('reader', location, this.#files, options);
    this.#file = new DatabaseFile(this.#readerOptions, this.#writer);
    this.#isWarm = options.warm;
    this.#changes = new ChangePoller(
      // It keeps its thread, so it takes none of those that serve several files.
      () => openReader({ ...this.#readerOptions, sharesThreads: false }),
      options.watchIntervalMs,
      (failure) => this.#engine.toError(failure, undefined),
    );
    const suspects = this.#suspects;
    const onStuck = (statement: StuckStatement): void => this.#reportStuck('reader', statement);
    this.#readers = new ReaderPool(this.#readerOptions, { ...options, suspects, onStuck }, this.#snapshots);
    this.#wal = new WalManager({
      ...options,
      connection: connectionOptions('checkpointer', location, this.#files, options),
      snapshots: this.#snapshots,
      acquireWriter: () => this.#writer.acquire({ priority: 'high' }),
      onWarning,
    });
    this.#snapshots.onEnd(() => this.#wal.readerEnded());
    this.#readsInline = options.inlineReads;
    this.capabilities = {
      concurrentReaders: true,
      concurrentWriters: false,
      sharedBetweenProcesses: !isTemporary,
      durable: !isTemporary,
      survivesPowerLoss: !isTemporary && options.durability === 'full',
      onlineBackup: true,
      watchesChanges: true,
      interruptsRunning: false,
      weakerIsolation: false,
      maxParameters: MAX_PARAMETERS,
    };
  }

  /**
   * Opens the file and checks that it can be read and written. No thread is started for a file that exists and is in WAL mode.
   *
   * @throws ConfigurationError, ConflictError or CorruptError.
   */
  async open(): Promise<void> {
    const { InlineReader } = await import('./reader/inline-reader.js');
    const failure =
      (await this.#file.open(this.#isWarm)) ?? (this.#isWarm ? await this.#readers.warm() : undefined);
    if (failure !== undefined) {
      await this.close();
      throw this.#engine.toError(failure, undefined);
    }
    this.#onClosed = noteOpen(this.#location.path);
    this.#metricsFile?.start();
    const { local } = this.#file;
    if (local !== undefined && this.#readsInline)
      this.#inline = new InlineReader(local, (statement, wait) => this.#execute(statement, wait));
  }

  execute(statement: Statement, options: ExecuteOptions): Promise<StatementResult> {
    const inline = this.#closing === undefined ? this.#inline : undefined;
    if (inline?.serves(statement) !== true) return this.#execute(statement, options);
    return inline.execute(statement, options);
  }

  async #execute(statement: Statement, options: ExecuteOptions): Promise<StatementResult> {
    this.#assertInPlace();
    assertAllowedOutside(statement.sql);
    if (statement.alteration !== undefined && this.#alterations === 'own')
      assertOwnAlteration(statement.alteration);
    this.#inFlight.enter();
    try {
      const rows = new ResultRows();
      const bound = this.#engine.bind(statement, options);
      const outcome = await this.#run(statement, bound, options, rows);
      return this.#engine.toResult(outcome, rows, statement, bound);
    } finally {
      this.#inFlight.leave();
    }
  }

  async *stream(
    statement: Statement,
    batchSize: number,
    options: ExecuteOptions,
  ): AsyncGenerator<readonly Row[]> {
    this.#assertInPlace();
    assertAllowedOutside(statement.sql);
    if (!(await this.#isRead(statement, options))) {
      const { rows } = await this.execute({ ...statement, access: 'write' }, options);
      yield* inBatches(rows, batchSize);
      return;
    }
    const bound = this.#engine.bind(statement, options);
    const request = { op: 'read', statement: bound, batchSize, probe: false } as const;
    const lease = await this.#hold(() => this.#readers.acquire('snapshot', options, statement));
    try {
      yield* this.#engine.toBatches(lease.stream(request, options), statement.sql);
    } finally {
      lease.release();
      this.#unhold(lease);
    }
  }

  async begin(options: BeginOptions): Promise<DatabaseTransaction> {
    this.#assertInPlace();
    if (options.access === 'write' && !options.isSchemaChange && !this.#endsTransactions) {
      const lease = await this.#hold(() => this.#writer.begin(options));
      return new SqliteTransaction(this.#engine, lease, this.#alterations, () => this.#unhold(lease));
    }
    return this.#beginAlone(options);
  }

  async batch(statements: readonly Statement[], options: ExecuteOptions): Promise<StatementResult[]> {
    this.#assertInPlace();
    for (const { sql, alteration } of statements) {
      assertAllowedInside(sql);
      if (alteration !== undefined && this.#alterations === 'own') assertOwnAlteration(alteration);
    }
    const bound = statements.map((statement) => this.#engine.bind(statement, options));
    this.#inFlight.enter();
    try {
      const outcome = await this.#writer.execute(bound, options, () => {});
      return this.#engine.toResults(outcome, statements, bound);
    } finally {
      this.#inFlight.leave();
    }
  }

  /** Begins a snapshot, a schema change, or a transaction in a process, none of which shares its COMMIT. */
  async #beginAlone(options: BeginOptions, work?: ReaderWork): Promise<DatabaseTransaction> {
    const { access, isSchemaChange = false } = options;
    if (access === 'read' && isSchemaChange)
      throw new UnsupportedError('A read transaction cannot change the schema.');
    const lease = await this.#hold(() => {
      if (access === 'read') return this.#readers.acquire('snapshot', options, work);
      return isSchemaChange ? this.#writer.acquire(options) : this.#writer.acquireProcess(options);
    });
    const onEnd = (): void => this.#unhold(lease);
    if (access === 'read')
      return new SqliteTransaction(this.#engine, new SnapshotLease(lease), this.#alterations, onEnd);
    const outcome = await lease.call({ op: 'begin', isSchemaChange }, options);
    if (outcome.kind !== 'result') {
      // The caller may have been cancelled after the thread began the transaction.
      lease.release(outcome.kind === 'over' ? { op: 'rollback' } : undefined);
      onEnd();
      this.#engine.expectDone(outcome);
    }
    const alterations = isSchemaChange && this.#alterations === 'own' ? 'own_or_rebuild' : this.#alterations;
    return new SqliteTransaction(this.#engine, new SoleLease(lease), alterations, onEnd);
  }

  async catalog(options: CatalogOptions = {}): Promise<Catalog> {
    this.#assertInPlace();
    return readVersionedCatalog(this.#readTogether, options);
  }

  /** One version counts the changes of all tables. */
  recheck(known: Catalog, _table: string | undefined, options: CatalogOptions): Promise<Catalog> {
    return recheckCatalog(this.#readTogether, known, options);
  }

  /** Statements that end soon; on the calling thread where the schema is small, also while readers are stuck. */
  readonly #readTogether: ReadTogether = async (statements, options) => {
    const isOpen = this.#closing === undefined;
    const read = isOpen ? this.#file.local?.readSchema(statements, FEW_SCHEMA_ENTRIES) : undefined;
    if (read !== undefined) return read;
    const transaction = await this.#beginAlone({ ...options, access: 'read' }, { sql: '', isBounded: true });
    try {
      return await readWithin(transaction, statements);
    } finally {
      await transaction.rollback();
    }
  };

  /** @throws ConnectionError `connection_stuck` when the writer, or too many readers, do not return from SQLite. */
  async ping(options: ExecuteOptions): Promise<void> {
    const stuck = this.#writer.stuck ?? this.#readers.failure;
    if (stuck !== undefined) throw this.#engine.toError(stuck, undefined);
    await this.#execute({ sql: 'select 1', parameters: [], access: 'read' }, options);
  }

  async watch(tables: readonly string[], listener: ChangeListener): Promise<() => Promise<void>> {
    this.#inFlight.enter();
    try {
      return await this.#changes.watch({
        changed: () => listener.changed(tables),
        failed: (error) => listener.failed(error),
      });
    } finally {
      this.#inFlight.leave();
    }
  }

  metrics(): DatabaseMetrics {
    const { metrics } = this.#writer;
    return {
      writer: this.#writer.laneMetrics(),
      readers: this.#readers.laneMetrics(),
      locks: metrics.lockMetrics(),
      commits: metrics.commits,
      rollbacks: metrics.rollbacks,
      engine: {
        ...this.#writer.engineMetrics(),
        ...this.#readers.engineMetrics(),
        inlineReads: this.#inline?.served ?? 0,
        ...this.#wal.metrics(),
      },
    };
  }

  async backup(path: string, options: BackupOptions): Promise<void> {
    this.#assertInPlace();
    const to = await locateBackup(path);
    const toError = (failure: Failure): Error => this.#engine.toError(failure, undefined);
    await this.#backups.run({ kind: 'backup', from: this.#location.path, to }, { ...options, toError });
  }

  async backupBefore(
    steps: readonly string[],
    options: BackupBeforeOptions,
  ): Promise<BackupBefore | undefined> {
    return this.#location.isTemporary ? undefined : backUpBefore(this, this.#location.path, steps, options);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#inline?.close();
    await this.#inFlight.drain((createError) => {
      this.#snapshots.endAll(createError);
      this.#writer.endAll(createError);
    });
    await this.#backups.ended();
    await this.#metricsFile?.close();
    await this.#changes.close();
    await this.#readers.close();
    await this.#wal.close();
    await this.#writer.drain();
    const stuckReaders = this.#readers.stuck;
    const isWriterStuck = this.#writer.stuck !== undefined;
    if (stuckReaders > 0 || isWriterStuck) {
      // The connections of stuck threads stay open, and with them that of the calling thread: if the files are changed, nobody may copy the WAL.
      await this.#writer.close();
      this.#onWarning(closedStuckWarning(stuckReaders, isWriterStuck));
    } else {
      await this.#file.close();
      this.#onClosed();
    }
    await this.#location.dispose();
  }

  #reportStuck(role: 'reader' | 'writer', statement: StuckStatement): void {
    this.#onWarning(stuckWarning(role, statement));
  }

  /** @throws ConnectionError `file_changed`. */
  #assertInPlace(): void {
    if (hasChanged(this.#files)) throw this.#engine.toError(changedFailure('run'), undefined);
  }

  /** Runs a statement on a reader or on the writer. When its access is unknown, a reader asks SQLite. */
  async #run(
    statement: Statement,
    bound: ThreadStatement,
    options: ExecuteOptions,
    rows: ResultRows,
  ): Promise<CallOutcome> {
    const kind = statementKind(statement.sql);
    const isQuery = kind === 'query' || kind === 'pragma';
    if (isQuery && statement.access !== 'write') {
      const probe = statement.access === 'unknown';
      const request = { op: 'read', statement: bound, batchSize: ROWS_PER_PART, probe } as const;
      const lease = this.#readers.acquire('single', options, statement);
      const outcome = await this.#onLease(lease, request, options, rows);
      if (outcome.kind !== 'not_read') return outcome;
    }
    if (kind === 'solo' || kind === 'pragma') {
      return this.#onLease(this.#writer.acquire(options), { op: 'solo', statement: bound }, options, rows);
    }
    const onPart = (part: ResultPart): void => rows.add(part);
    if (!this.#suspects.isSuspectWrite(statement, options))
      return this.#writer.execute(bound, options, onPart);
    const lease = await this.#writer.acquireProcess(options);
    if ('failure' in lease) return { kind: 'failure', failure: lease.failure };
    return writeApart(lease, bound, options, onPart, (tookMs) =>
      this.#suspects.noteEnded(statement.sql, tookMs),
    );
  }

  async #onLease(
    acquired: Promise<ThreadLease | LeaseFailure>,
    request: ThreadRequest,
    options: ExecuteOptions,
    rows: ResultRows,
  ): Promise<CallOutcome> {
    const lease = await acquired;
    if ('failure' in lease) return { kind: 'failure', failure: lease.failure };
    const outcome = await lease.call(request, options, (part) => rows.add(part));
    lease.release();
    return outcome;
  }

  async #isRead({ sql, access }: Statement, options: ExecuteOptions): Promise<boolean> {
    if (access !== 'unknown') return access === 'read';
    if (statementKind(sql) !== 'query') return false;
    const lease = this.#readers.acquire('single', options, { sql, isBounded: true });
    const outcome = await this.#onLease(lease, { op: 'probe', sql }, options, new ResultRows());
    return outcome.kind !== 'not_read';
  }

  /** Acquires a thread that the caller holds between calls. {@link SqliteDatabase.close} waits for it for ten seconds at most. */
  async #hold<L extends Revocable>(acquire: () => Promise<L | LeaseFailure>): Promise<L> {
    this.#inFlight.enter();
    try {
      const lease = await acquire();
      if ('failure' in lease) throw this.#engine.toError(lease.failure, undefined);
      this.#inFlight.hold(lease);
      return lease;
    } catch (error) {
      this.#inFlight.leave();
      throw error;
    }
  }

  #unhold(lease: Revocable): void {
    this.#inFlight.forget(lease);
    this.#inFlight.leave();
  }
}
