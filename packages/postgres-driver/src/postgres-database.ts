import {
  type BeginOptions,
  type Capabilities,
  type Catalog,
  type CatalogOptions,
  type ChangeListener,
  ClosedError,
  ConflictError,
  ConnectionError,
  type Database,
  type DatabaseMetrics,
  type DatabaseSession,
  type DatabaseTransaction,
  type ExecuteOptions,
  emitProcessWarning,
  keepUnchanged,
  type LaneMetrics,
  type OnWarning,
  OverloadedError,
  type Priority,
  type Row,
  type SchemaChangeOptions,
  type SessionOptions,
  type Statement,
  type StatementResult,
  UniqueViolationError,
  UnsupportedError,
  UsageError,
} from '@sluice/core';
import type { Kysely } from 'kysely';
import { PostgresChanges } from './changes/change-listener.js';
import { installTriggers } from './changes/change-triggers.js';
import { PostgresCoalescer } from './coalesce/coalescer.js';
import type { PostgresConnection } from './connection/connection.js';
import { assertNotInterrupted } from './connection/interrupt.js';
import type { SessionMode } from './connection/mode.js';
import type { SendOptions } from './connection/send-options.js';
import { PostgresSql } from './dialect/database-sql.js';
import { MigrationLock } from './dialect/migration-lock.js';
import { isDatabaseError, readOnlyError } from './errors/errors.js';
import { needsSessionError } from './errors/pooler-errors.js';
import type { PostgresConfig } from './options/options.js';
import { takes } from './options/target.js';
import type { ConnectionUse } from './pool/connection-lane.js';
import { PostgresPool } from './pool/pool.js';
import { PostgresReplicas } from './replica/replicas.js';
import { type QueryCatalog, qualifiedNames, readCatalog, readTable } from './schema/catalog.js';
import { PostgresCounters } from './transaction/counters.js';
import { assertLeavesNothing } from './transaction/leaves-nothing.js';
import { PostgresLockWatch } from './transaction/lock-watch.js';
import {
  type Connect,
  PinnedSession,
  type SessionBeginOptions,
  type SessionHost,
} from './transaction/pinned-session.js';
import type { PooledConnection } from './transaction/pooled-connection.js';
import { refusedWrite } from './transaction/refused-write.js';
import { beginSchemaSession } from './transaction/schema-session.js';
import { prepareToSend, type Sender } from './transaction/send-statement.js';
import { beginTransaction, type PostgresTransaction } from './transaction/transaction.js';
import { UnreadableResults } from './transaction/unreadable-results.js';
import { writeError } from './transaction/write-error.js';
import type { WriterOutcome } from './transaction/writer-outcome.js';
import { MAX_PARAMETERS } from './values/parameters.js';
import type { RawResult } from './values/raw-result.js';
import { toStatementResult } from './values/rows.js';

const CAPABILITIES: Omit<Capabilities, 'watchesChanges'> = {
  concurrentReaders: true,
  concurrentWriters: true,
  sharedBetweenProcesses: true,
  durable: true,
  onlineBackup: false,
  interruptsRunning: true,
  weakerIsolation: true,
  schemaChangesOutsideTransactions: true,
  maxParameters: MAX_PARAMETERS,
};

/** How long reading the end of the primary's log may take, in milliseconds. */
const POSITION_MS = 5000;

/** How long a look into the catalog may take that no caller limits, because several share it, in milliseconds. */
const CATALOG_MS = 30_000;

/** A PostgreSQL database, accessed through a pool of connections. */
export class PostgresDatabase implements Database {
  readonly capabilities: Capabilities;
  readonly sql: PostgresSql;
  readonly #config: PostgresConfig;
  readonly #pool: PostgresPool;
  readonly #counters = new PostgresCounters();
  /** Behind a pooler in transaction mode it is not known which of the server's processes runs a statement. */
  readonly #lockWatch: PostgresLockWatch | undefined;
  readonly #unreadable = new UnreadableResults();
  readonly #coalescer: PostgresCoalescer | undefined;
  readonly #replicas: PostgresReplicas | undefined;
  readonly #changes: PostgresChanges;
  readonly #migrationLock: MigrationLock;
  #closed: Promise<void> | undefined;

  constructor(config: PostgresConfig, onWarning: OnWarning = emitProcessWarning) {
    this.#config = config;
    this.capabilities = { ...CAPABILITIES, watchesChanges: !config.isPooled };
    this.#pool = new PostgresPool(config, onWarning, this.#counters);
    if (!config.isPooled)
      this.#lockWatch = new PostgresLockWatch(() => this.#pool.openSpare(), this.#counters);
    const { replicas: configs, maxLagMs } = config;
    if (configs.length > 0)
      this.#replicas = new PostgresReplicas({
        configs,
        maxLagMs,
        onWarning,
        readPosition: () => this.position({ deadline: performance.now() + POSITION_MS }),
      });
    this.#changes = new PostgresChanges(config);
    this.#coalescer = config.coalesce ? this.#createCoalescer() : undefined;
    this.#migrationLock = new MigrationLock(config, async () => {
      const lock = await this.begin({ access: 'write', isSchemaChange: true });
      return () => lock.rollback();
    });
    this.sql = new PostgresSql(config.values, (db) => this.takeMigrationLock(db));
  }

  execute(statement: Statement, options: ExecuteOptions): Promise<StatementResult> {
    if (this.#closed !== undefined) return Promise.reject(closedError());
    return this.#coalescer?.execute(statement, options) ?? this.#executeSingly(statement, options);
  }

  session(options: SessionOptions = {}): DatabaseSession {
    return new PinnedSession(this.#sessionHost, { ...options, isPooled: this.#config.isPooled });
  }

  async #executeSingly(
    statement: Statement,
    options: SingleOptions,
    connect: Connect = directly,
  ): Promise<StatementResult> {
    if (statement.access !== 'read') return this.#executeWrite(statement, options, connect);
    try {
      return await this.#executeIn('read', statement, options, connect);
    } catch (error) {
      // The statement calls a function that writes. Nothing has been written yet, so it runs again as a write.
      if (!isReadOnlyRefusal(error)) throw error;
      return this.#executeWrite(statement, options, connect);
    }
  }

  /** Runs a write. After a possibly stale unique violation it runs once more, with a new snapshot: see `conflictIfStale`. */
  async #executeWrite(
    statement: Statement,
    options: SingleOptions,
    connect: Connect,
  ): Promise<StatementResult> {
    try {
      return await this.#executeIn('write', statement, options, connect);
    } catch (error) {
      const { access, insertion } = statement;
      const mayBeStale = access === 'write' && insertion === undefined;
      if (!(error instanceof UniqueViolationError && mayBeStale)) throw error;
      if (this.#config.isolation !== 'serializable') throw error;
      return this.#executeIn('write', statement, options, connect);
    }
  }

  /** Streams in a transaction of its own. It is read-only, with one snapshot, where the statement only reads. */
  async *stream(
    statement: Statement,
    batchSize: number,
    options: ExecuteOptions,
    begin = (how: BeginOptions): Promise<PostgresTransaction> => this.#begin(how, 'snapshot'),
  ): AsyncGenerator<readonly Row[]> {
    const access = statement.access === 'read' ? 'read' : 'write';
    const transaction = await begin({ ...options, access });
    // Commits only a write whose stream was read to its end. A read has nothing to commit; a stream that ended early may have been cancelled.
    let mustRollBack = access === 'read';
    try {
      yield* transaction.stream(statement, batchSize, options, true);
      mustRollBack = false;
    } catch (error) {
      mustRollBack = true;
      throw error;
    } finally {
      if (mustRollBack) await transaction.rollback();
      else await transaction.commit();
    }
  }

  begin(options: BeginOptions): Promise<DatabaseTransaction> {
    return this.#begin(options, useOf(options));
  }

  async #begin(
    options: SessionBeginOptions,
    use: ConnectionUse,
    connect: Connect = directly,
  ): Promise<PostgresTransaction> {
    this.#assertOpen();
    const outcome: WriterOutcome = { isConflict: false };
    const { values, isolation, isPooled } = this.#config;
    const replica = this.#replicas === undefined ? undefined : await this.#acquireFromReplica(options);
    const sharing = this.#sharing(options);
    const pooled =
      replica ??
      (await connect(() => this.#pool.acquire(options.access, { ...options, outcome, sharing, use })));
    const onWrite = (): void => this.#replicas?.noteWrite();
    const lockWatch = this.#lockWatch;
    const context = { values, isolation, isPooled, counters: this.#counters, lockWatch, outcome, onWrite };
    return beginTransaction(pooled, options, context);
  }

  async beginOutsideTransaction(options: SchemaChangeOptions): Promise<DatabaseTransaction> {
    this.#assertOpen();
    if (this.#config.isPooled) throw needsSessionError(options.label);
    const pooled = await this.#pool.acquire('write', options);
    const onWrite = (): void => this.#replicas?.noteWrite();
    return beginSchemaSession(pooled, options, { ...this.#config, counters: this.#counters, onWrite });
  }

  /**
   * The value that transactions must have in common to share a COMMIT; `undefined` where they may not. Below SERIALIZABLE a member could see more of
   * an earlier one than its level allows.
   */
  #sharing({ access, isolation, isSchemaChange, isReplayable }: BeginOptions): string | undefined {
    const { coalesce, isolation: defaultLevel } = this.#config;
    const level = isolation ?? defaultLevel;
    const mayShare = coalesce && access === 'write' && !isSchemaChange && isReplayable === true;
    return mayShare && level === 'serializable' ? level : undefined;
  }

  /** Acquires a connection to a replica; `undefined` for a replayed transaction, for one that a replica cannot run, and when no replica is available. */
  async #acquireFromReplica(options: BeginOptions): Promise<PooledConnection | undefined> {
    const { access, isolation, attempt = 1, after } = options;
    const replica = this.#replicas?.choose(after);
    if (replica === undefined || access !== 'read' || isolation === 'serializable' || attempt > 1)
      return undefined;
    try {
      return await replica.pool.acquire('read', { ...options, patience: 'nothing', use: 'snapshot' });
    } catch (error) {
      if (!(error instanceof ConnectionError || error instanceof OverloadedError)) throw error;
      replica.markUnavailable();
      return undefined;
    }
  }

  async position(options: ExecuteOptions): Promise<string> {
    const { connection, release } = await this.#pool.acquire('read', options);
    try {
      const { rows } = await connection.run('select pg_current_wal_insert_lsn()', [], {
        ...options,
        mode: 'read',
        keepsSession: true,
      });
      return rows[0]?.fields[0] ?? '';
    } finally {
      release();
    }
  }

  async watch(
    tables: readonly string[],
    listener: ChangeListener,
    options: ExecuteOptions,
  ): Promise<() => Promise<void>> {
    if (!this.capabilities.watchesChanges) {
      const message =
        'A pooler in transaction mode passes no notifications on. Watch through a direct connection.';
      throw new UnsupportedError(message, { operation: options.label });
    }
    this.#assertOpen();
    const ids = await installTriggers(this, tables, options);
    return this.#changes.watch(ids, listener, options);
  }

  catalog(options: CatalogOptions = {}): Promise<Catalog> {
    return this.#ask(options, (query) => readCatalog(query, options));
  }

  async recheck(known: Catalog, table: string | undefined, options: CatalogOptions): Promise<Catalog> {
    if (table === undefined) {
      const others = { schemas: options.schemas, names: qualifiedNames(known) };
      return keepUnchanged(known, await this.#ask(options, (query) => readCatalog(query, others)));
    }
    const found = await this.#ask(options, (query) => readTable(query, table));
    const read = new Map(known);
    if (found === undefined) read.delete(table);
    else read.set(found.name, found);
    return keepUnchanged(known, read);
  }

  /** Asks the catalog, in a transaction or on a connection of the pool. */
  async #ask<T>({ within, ...given }: CatalogOptions, ask: (query: QueryCatalog) => Promise<T>): Promise<T> {
    const options = { ...given, deadline: given.deadline ?? performance.now() + CATALOG_MS };
    if (within !== undefined)
      return ask(async (sql) => {
        const statement = { sql, parameters: [], access: 'read', isContained: true } as const;
        const { rows } = await within.execute(statement, options);
        return { rows: rows.map(({ table }) => [String(table)]) };
      });
    const { connection, release } = await this.#pool.acquire('read', options);
    try {
      return await ask(async (text) => {
        const { rows } = await connection.run(text, [], { ...options, mode: 'read', keepsSession: true });
        return { rows: rows.map(({ fields }) => fields) };
      });
    } finally {
      release();
    }
  }

  async ping(options: ExecuteOptions): Promise<void> {
    const { config, role } = await this.probe(options);
    const { target = 'read-write' } = this.#config;
    if (!takes(target, role)) throw readOnlyError(config, role.isStandby, { operation: options.label });
  }

  /**
   * Makes a round trip to a server in either role; does not wait for one that is away. A connection that does not answer by the deadline is destroyed at once:
   * nothing is lost with it, and no time by asking the server to cancel.
   */
  async probe(options: ExecuteOptions): Promise<Pick<PostgresConnection, 'config' | 'role'>> {
    const { connection, release } = await this.#pool.acquire('read', { ...options, patience: 'connection' });
    try {
      const how = { ...options, mode: 'read', onInterrupt: 'destroy', keepsSession: true } as const;
      await connection.run('select 1', [], how);
      return connection;
    } finally {
      release();
    }
  }

  /** Reads and writes share one pool: each lane reports all connections as permits, and counts its own callers. */
  metrics(): DatabaseMetrics {
    const { reads, writes, total, idle, snapshotsHeld } = this.#pool.metrics();
    return {
      writer: this.#withJoined(writes, 'write'),
      readers: this.#withJoined(reads, 'read'),
      locks: this.#counters.locks(),
      commits: this.#counters.commits,
      rollbacks: this.#counters.rollbacks,
      engine: { poolTotal: total, poolIdle: idle, snapshotsHeld },
    };
  }

  /** Adds the calls that wait to be combined: they wait for a connection like the others. */
  #withJoined(lane: LaneMetrics, kind: SessionMode): LaneMetrics {
    const { queued } = lane;
    const joined = (priority: Priority): number => this.#coalescer?.waiting(kind, priority) ?? 0;
    const count = (priority: Priority): number => Math.max(queued[priority], joined(priority));
    const failures = lane.failures + (this.#coalescer?.failures(kind) ?? 0);
    return { ...lane, failures, queued: { high: count('high'), normal: count('normal'), low: count('low') } };
  }

  async backup(_path: string, options: ExecuteOptions): Promise<void> {
    throw new UnsupportedError(
      'A PostgreSQL database is backed up with pg_dump or pg_basebackup on its server, not through a connection.',
      { operation: options.label },
    );
  }

  async #executeIn(
    mode: SessionMode,
    plain: Statement,
    options: SingleOptions,
    connect: Connect,
  ): Promise<StatementResult> {
    const { values, isPooled } = this.#config;
    if (isPooled) assertLeavesNothing(plain, options.label);
    const send = this.#decodedFirst(prepareToSend(plain, values), plain, mode);
    const outcome: WriterOutcome = { isConflict: false };
    const pooled = await connect(() => this.#pool.acquire(mode, { ...options, outcome }));
    const keepsSession = pooled.keepsSession(plain);
    let result: RawResult;
    try {
      assertNotInterrupted({ label: options.label, signal: options.waitSignal });
      result = await this.#run(pooled.connection, send, mode, { ...options, keepsSession });
    } catch (error) {
      outcome.isConflict = error instanceof ConflictError;
      throw error;
    } finally {
      pooled.release();
    }
    const decode = (): StatementResult => toStatementResult(result, values);
    const isWrite = mode === 'write' && values === 'portable';
    return isWrite ? this.#unreadable.decodeCommitted(plain.sql, result, options.label, decode) : decode();
  }

  /** Makes the sender of a write decode its rows before the COMMIT, where they may be refused. */
  #decodedFirst(send: Sender, { sql }: Pick<Statement, 'sql'>, mode: SessionMode): Sender {
    if (mode === 'read' || this.#config.values === 'native' || !this.#unreadable.areExpected(sql))
      return send;
    return this.#unreadable.decodedFirst(send, sql);
  }

  /** Runs a statement in a transaction of its own. @throws CommitUnknownError when it is unknown whether a write was committed. */
  async #run(
    connection: PostgresConnection,
    send: Sender,
    mode: SessionMode,
    options: SendOptions & SingleOptions,
  ): Promise<RawResult> {
    const wait = mode === 'write' ? this.#lockWatch?.begin(connection, options) : undefined;
    try {
      const result = await send(connection, { ...options, mode });
      wait?.end();
      if (options.mayBegin !== true) assertNothingOpen(connection, options);
      this.#counters.recordCommit(mode);
      return result;
    } catch (failure) {
      const error = wait === undefined ? failure : wait.fail(failure);
      this.#counters.recordFailure(error);
      if (mode === 'read') throw error;
      throw writeError(refusedWrite(error, connection, options.label), connection.lastOutcome, options.label);
    } finally {
      if (mode === 'write') this.#replicas?.noteWrite();
    }
  }

  readonly #sessionHost: SessionHost = {
    execute: (connect, statement, options) => this.#executeSingly(statement, options, connect),
    executeOpen: (pooled, statement, options) => this.#executeOpen(pooled, statement, options),
    begin: (options, connect) =>
      this.#begin(options, options.isStream ? 'snapshot' : useOf(options), connect),
    stream: (statement, batchSize, options, begin) => this.stream(statement, batchSize, options, begin),
  };

  /** Runs a statement of a session in the transaction that an earlier one began. */
  async #executeOpen(
    { connection }: PooledConnection,
    statement: Statement,
    options: ExecuteOptions,
  ): Promise<StatementResult> {
    const { values } = this.#config;
    const send = prepareToSend(statement, values);
    try {
      return toStatementResult(await send(connection, options), values);
    } catch (error) {
      this.#counters.recordFailure(error);
      throw writeError(error, connection.lastOutcome, options.label);
    } finally {
      this.#replicas?.noteWrite();
    }
  }

  #createCoalescer(): PostgresCoalescer {
    return new PostgresCoalescer({
      acquire: (mode, options) => this.#pool.acquire(mode, options),
      runSingly: (statement, options) => this.#executeSingly(statement, options),
      run: ({ connection, keepsSession }, { mode, text, parameters, first }, options) => {
        const send: Sender = (to, how) =>
          to.run(text, parameters, { ...how, mayPrepare: true, isBound: true });
        const how = { ...options, keepsSession: keepsSession(first) };
        return this.#run(connection, this.#decodedFirst(send, { sql: text }, mode), mode, how);
      },
      unreadable: this.#unreadable,
      queueLimit: this.#config.queueLimit,
    });
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  /** Closes the pool last, because the calls that wait to be combined still need it. */
  async #close(): Promise<void> {
    await this.#coalescer?.close();
    await this.#replicas?.close();
    await this.#changes.close();
    await this.#pool.close();
    await this.#lockWatch?.close();
  }

  #assertOpen(): void {
    if (this.#closed !== undefined) throw closedError();
  }

  /** Takes the schema-change lock for the Kysely of a `connection()`. Resolves with the function that releases it. */
  takeMigrationLock(db: Kysely<unknown>): Promise<() => Promise<void>> {
    return this.#migrationLock.take(db);
  }
}

/** How a single statement runs. */
interface SingleOptions extends ExecuteOptions {
  /** Whether it may leave a transaction open that it began. Default false. */
  readonly mayBegin?: boolean | undefined;
}

/** Takes a connection of the pool for one statement or transaction. */
const directly: Connect = (acquire) => acquire();

function useOf({ access }: BeginOptions): ConnectionUse {
  return access === 'read' ? 'snapshot' : 'work';
}

function isReadOnlyRefusal(error: unknown): boolean {
  return error instanceof UsageError && isDatabaseError(error.cause) && error.cause.code === '25006';
}

function closedError(): ClosedError {
  return new ClosedError('The storage is closed.');
}

function assertNothingOpen(connection: PostgresConnection, options: ExecuteOptions): void {
  if (connection.status === 'I') return;
  throw new UsageError(
    'invalid_query',
    'The statement opened a transaction, which was rolled back. Begin transactions with `write` or `read`.',
    { operation: options.label },
  );
}
