import {
  assertGoesOn,
  type BeginOptions,
  CommitUnknownError,
  ConflictError,
  type DatabaseTransaction,
  type ExecuteOptions,
  type IsolationLevel,
  type Row,
  type Statement,
  type StatementResult,
  transactionEndedError,
  UsageError,
} from '@sluice/core';
import type { PostgresConnection, SendOptions } from '../connection/connection.js';
import { PostgresStream } from '../connection/stream.js';
import { commitUnknownError } from '../errors/errors.js';
import type { ValueMode } from '../options/options.js';
import { SCHEMA_CHANGE_LOCK } from '../schema/schema-change-lock.js';
import type { RawResult } from '../values/raw-result.js';
import { toStatementResult } from '../values/rows.js';
import { CommitShare } from './commit-share.js';
import type { PostgresCounters } from './counters.js';
import type { PooledConnection } from './pooled-connection.js';
import { prepareToSend } from './send-statement.js';
import { conflictIfStale } from './stale-violation.js';
import type { WriterOutcome } from './writer-outcome.js';

/** How long COMMIT and ROLLBACK may take past the transaction's deadline before the connection is given up. */
const END_GRACE_MS = 5000;

/** What a transaction needs besides its connection. */
export interface TransactionContext {
  readonly values: ValueMode;
  readonly isolation: IsolationLevel;
  readonly counters: PostgresCounters;
  /** Told of a conflict. */
  readonly outcome: WriterOutcome;
  /** Told when a COMMIT that may have written is over, whatever its outcome. */
  readonly onWrite: () => void;
}

/**
 * Begins a transaction on `pooled`, which is given back when that fails. BEGIN itself travels with the first statement: PostgreSQL takes
 * the snapshot there anyway, so nobody can tell the difference.
 */
export async function beginTransaction(
  pooled: PooledConnection,
  options: BeginOptions,
  context: TransactionContext,
): Promise<PostgresTransaction> {
  const begin = beginStatement(options, context.isolation);
  if (!options.isSchemaChange) return new PostgresTransaction(pooled, options, context, begin);
  try {
    await pooled.connection.run(TAKE_SCHEMA_CHANGE_LOCK, [], { ...options, begin });
    return new PostgresTransaction(pooled, options, context);
  } catch (error) {
    await rollBack(pooled, {});
    throw error;
  }
}

const TAKE_SCHEMA_CHANGE_LOCK = `select pg_advisory_xact_lock(${SCHEMA_CHANGE_LOCK})`;

/**
 * A read gets REPEATABLE READ unless its caller names a level: one snapshot, which never waits for a writer, never fails for one, and
 * leaves no predicate locks that would make writers fail. SERIALIZABLE READ ONLY may be rolled back, and DEFERRABLE waits: for whoever asks for it.
 *
 * A schema change gets READ COMMITTED: it waits for its lock inside the transaction, and at any higher level the snapshot would be
 * older than the lock, blind to what the holder before it did.
 */
function beginStatement(
  { access, isolation, isSchemaChange, deferrable }: BeginOptions,
  standard: IsolationLevel,
): string {
  if (isSchemaChange) return 'begin isolation level read committed read write';
  const kind = deferrable ? 'read only, deferrable' : 'read only';
  if (access === 'read') return `begin isolation level ${isolation ?? 'repeatable read'} ${kind}`;
  return `begin isolation level ${isolation ?? standard} read write`;
}

/** A transaction on a connection of the pool. */
export class PostgresTransaction implements DatabaseTransaction {
  readonly #pooled: PooledConnection;
  readonly #options: BeginOptions;
  readonly #context: TransactionContext;
  /** Its part in a COMMIT that several transactions share. */
  readonly #share: CommitShare | undefined;
  /** The BEGIN that is still to be sent. */
  #begin: string | undefined;
  /** Whether anything but inserts of given values was run: those alone see nothing that a later transaction would not. */
  #hasRead = false;

  constructor(pooled: PooledConnection, options: BeginOptions, context: TransactionContext, begin?: string) {
    this.#pooled = pooled;
    this.#options = options;
    this.#context = context;
    const { shared } = pooled;
    this.#share = shared === undefined ? undefined : new CommitShare(shared, () => this.#commitAll());
    this.#begin = this.#share?.begin ?? begin;
  }

  async execute(statement: Statement, options: ExecuteOptions): Promise<StatementResult> {
    const { values } = this.#context;
    assertGoesOn(statement.sql, this.#options.label);
    this.#share?.admit(statement);
    const send = prepareToSend(statement, values);
    const begin = this.#takeBegin();
    this.#hasRead ||= statement.insertion === undefined;
    const run = (how: ExecuteOptions): Promise<RawResult> => send(this.#connection, { ...how, begin });
    let result: RawResult;
    try {
      result = await (this.#share?.run(options, run) ?? run(options));
    } catch (error) {
      this.#fail(error);
    }
    this.#assertStillOpen();
    return toStatementResult(result, values);
  }

  /** @param isExclusive whether nothing else happens in the transaction. */
  async *stream(
    statement: Statement,
    batchSize: number,
    options: ExecuteOptions,
    isExclusive = false,
  ): AsyncGenerator<readonly Row[]> {
    this.#share?.admit(undefined);
    const { values } = this.#context;
    const plan = { statement, batchSize, options, values, isExclusive, begin: this.#begin };
    const stream = new PostgresStream(this.#connection, plan);
    this.#takeBegin();
    this.#hasRead = true;
    try {
      yield* stream.read();
    } catch (error) {
      this.#fail(error);
    }
  }

  async commit(): Promise<void> {
    const { access } = this.#options;
    const { counters, onWrite, outcome } = this.#context;
    try {
      await (this.#share?.commit() ?? this.#commitAll());
      counters.recordCommit(access);
    } catch (error) {
      if (!(error instanceof CommitUnknownError)) counters.recordFailure(error);
      outcome.isConflict ||= error instanceof ConflictError;
      throw error;
    } finally {
      if (access === 'write') onWrite();
      await this.#pooled.release();
    }
  }

  /** Sends COMMIT, for those too that share it. */
  async #commitAll(): Promise<void> {
    const { access, label } = this.#options;
    const connection = this.#connection;
    // Nothing was sent where BEGIN was not.
    if (this.#takeBegin() !== undefined && connection.status === 'I') return;
    try {
      const { command } = await connection.run('commit', [], { ...this.#endOptions(), isScript: true });
      // PostgreSQL answers COMMIT in a failed transaction with ROLLBACK, and calls that a success.
      if (command !== 'COMMIT') throw brokenError(label);
    } catch (error) {
      const wasUndone = !connection.isLost || connection.lastOutcome === 'not sent' || access === 'read';
      if (wasUndone) throw this.#conflictIfStale(error);
      throw commitUnknownError(error, label);
    }
  }

  /**
   * A connection that cannot answer is cut, and the server undoes the transaction by itself, so this rejects only in a ConflictError: when what
   * the transaction saw of those before it, with whom it shared a COMMIT, was never committed.
   */
  async rollback(): Promise<void> {
    this.#context.counters.recordRollback();
    if (this.#share === undefined || this.#share.isFirst) return rollBack(this.#pooled, this.#endOptions());
    try {
      await this.#share.rollback();
    } finally {
      await this.#pooled.release();
    }
  }

  #fail(error: unknown): never {
    if (error instanceof ConflictError) {
      this.#context.outcome.isConflict = true;
      this.#share?.noteConflict();
    }
    return this.#context.counters.recordConflict(this.#conflictIfStale(error));
  }

  #conflictIfStale(error: unknown): unknown {
    return this.#hasRead ? conflictIfStale(error, this.#options, this.#context.isolation) : error;
  }

  #takeBegin(): string | undefined {
    const begin = this.#begin;
    this.#begin = undefined;
    return begin;
  }

  get #connection(): PostgresConnection {
    return this.#pooled.connection;
  }

  /** COMMIT and ROLLBACK are never cancelled: they are waited for a little longer, and then nobody knows. */
  #endOptions(): ExecuteOptions & { readonly onInterrupt: 'destroy' } {
    const { deadline, label } = this.#options;
    const options = { label, onInterrupt: 'destroy' } as const;
    if (deadline === undefined) return options;
    return { ...options, deadline: Math.max(deadline, performance.now()) + END_GRACE_MS };
  }

  #assertStillOpen(): void {
    if (this.#connection.status !== 'I') return;
    throw transactionEndedError('ended', this.#options.label);
  }
}

/** Rolls back where there is something to, and gives the connection back. Never rejects. */
async function rollBack({ connection, release }: PooledConnection, options: SendOptions): Promise<void> {
  try {
    if (!connection.isLost && connection.status !== 'I')
      await connection.run('rollback', [], { ...options, isScript: true });
  } catch {
    connection.destroy();
  } finally {
    await release();
  }
}

function brokenError(operation: string | undefined): UsageError {
  const message =
    'A statement of this transaction failed, so PostgreSQL rolled it back instead of committing it.';
  return new UsageError('transaction_broken', message, { operation });
}
