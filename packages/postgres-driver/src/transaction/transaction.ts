import {
  assertKeepsTransaction,
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
} from '@sluice/core';
import type { PostgresConnection } from '../connection/connection.js';
import type { SendOptions } from '../connection/send-options.js';
import { limit } from '../connection/session.js';
import { PostgresStream } from '../connection/stream.js';
import type { ValueMode } from '../options/options.js';
import type { RawResult } from '../values/raw-result.js';
import { toStatementResult } from '../values/rows.js';
import type { PostgresCounters } from './counters.js';
import { commitOpen, endOptions, rollBackOpen } from './end-transaction.js';
import { assertLeavesNothing } from './leaves-nothing.js';
import type { PostgresLockWatch } from './lock-watch.js';
import type { PooledConnection } from './pooled-connection.js';
import { refusedWrite } from './refused-write.js';
import { prepareToSend } from './send-statement.js';
import { SharedCommitMember } from './shared-commit-member.js';
import { conflictIfStale } from './stale-violation.js';
import { takeSchemaChangeLock } from './take-schema-change-lock.js';
import { writeError } from './write-error.js';
import type { WriterOutcome } from './writer-outcome.js';

/** What a transaction needs from its database. */
export interface TransactionContext {
  readonly values: ValueMode;
  /** The isolation level of transactions that name none. */
  readonly isolation: IsolationLevel;
  /** Whether a pooler lends the session to other clients after the transaction. */
  readonly isPooled: boolean;
  readonly counters: PostgresCounters;
  /** Left out where waits for locks cannot be measured. */
  readonly lockWatch?: PostgresLockWatch | undefined;
  /** Set when the transaction fails with a conflict. */
  readonly outcome: WriterOutcome;
  /** Called after the COMMIT of a transaction that may have written, whatever its outcome. */
  readonly onWrite: () => void;
}

/**
 * Begins a transaction on `pooled`, which is released when that fails. BEGIN is sent in the same round trip as the first statement. That makes no
 * difference to the caller, because PostgreSQL takes the snapshot with the first statement too.
 *
 * @param options `keepsDefaults`: the transaction has the level and the access that the session has.
 */
export async function beginTransaction(
  pooled: PooledConnection,
  options: BeginOptions & { readonly keepsDefaults?: boolean | undefined },
  context: TransactionContext,
): Promise<PostgresTransaction> {
  const begin = options.keepsDefaults ? 'begin' : beginStatement(options, context.isolation);
  if (!options.isSchemaChange) return new PostgresTransaction(pooled, options, context, begin);
  try {
    await takeSchemaChangeLock(pooled.connection, 'transaction', options, begin);
    const { lockTimeoutMs = 0 } = options;
    if (lockTimeoutMs > 0)
      await pooled.connection.run(`select ${limit('lock_timeout', lockTimeoutMs, true)}`, [], {
        ...options,
        keepsSession: true,
      });
    return new PostgresTransaction(pooled, options, context);
  } catch (error) {
    await rollBack(pooled, {});
    throw error;
  }
}

/**
 * A read runs at REPEATABLE READ unless the caller names a level: it has one snapshot, neither waits for writers nor fails because of them, and takes
 * no predicate locks that could make writers fail. The caller may ask for SERIALIZABLE READ ONLY, which may be rolled back, or DEFERRABLE, which waits.
 *
 * A schema change runs at READ COMMITTED. It waits for its lock inside the transaction; at a higher level its snapshot would be older than the lock
 * and would not include the changes of the previous holder.
 */
function beginStatement(
  { access, isolation, isSchemaChange, deferrable }: BeginOptions,
  defaultLevel: IsolationLevel,
): string {
  if (isSchemaChange) return 'begin isolation level read committed read write';
  const kind = deferrable ? 'read only, deferrable' : 'read only';
  if (access === 'read') return `begin isolation level ${isolation ?? 'repeatable read'} ${kind}`;
  return `begin isolation level ${isolation ?? defaultLevel} read write`;
}

/** A transaction on a connection of the pool. The connection is released when the transaction ends. */
export class PostgresTransaction implements DatabaseTransaction {
  readonly #pooled: PooledConnection;
  readonly #options: BeginOptions;
  readonly #context: TransactionContext;
  /** Its membership in a COMMIT that several transactions share. */
  readonly #member: SharedCommitMember | undefined;
  /** The BEGIN or SAVEPOINT that has not been sent yet. */
  #begin: string | undefined;
  /** Whether it has run anything but inserts of given values. Such inserts read nothing that a stale snapshot could affect. */
  #hasRead = false;
  /** Ends its listing among the holders of locks. */
  readonly #unlist: (() => void) | undefined;

  constructor(pooled: PooledConnection, options: BeginOptions, context: TransactionContext, begin?: string) {
    this.#pooled = pooled;
    this.#options = options;
    this.#context = context;
    const { shared } = pooled;
    this.#member = shared === undefined ? undefined : new SharedCommitMember(shared, () => this.#commitAll());
    this.#begin = this.#member?.begin ?? begin;
    const { access, label } = options;
    if (access === 'write') this.#unlist = context.lockWatch?.noteHolder(pooled.connection, label);
  }

  async execute(statement: Statement, options: ExecuteOptions): Promise<StatementResult> {
    const { values, isPooled } = this.#context;
    assertKeepsTransaction(statement.sql, this.#options.label);
    if (isPooled) assertLeavesNothing(statement, this.#options.label);
    this.#member?.admit(statement);
    const send = prepareToSend(statement, values);
    const begin = this.#takeBegin();
    this.#hasRead ||= statement.insertion === undefined;
    const keepsSession = this.#pooled.keepsSession(statement);
    const run = (how: ExecuteOptions): Promise<RawResult> =>
      send(this.#connection, { ...how, begin, keepsSession });
    const { label } = this.#options;
    const wait = this.#unlist && this.#context.lockWatch?.begin(this.#connection, { label });
    let result: RawResult;
    try {
      result = await (this.#member?.run(options, run) ?? run(options));
      wait?.end();
    } catch (error) {
      this.#fail(wait === undefined ? error : wait.fail(error));
    }
    this.#assertStillOpen();
    try {
      return toStatementResult(result, values);
    } catch (error) {
      if (statement.access !== 'read') await this.#refuse();
      throw error;
    }
  }

  /** @param isExclusive whether the stream is the only statement of the transaction. */
  async *stream(
    statement: Statement,
    batchSize: number,
    options: ExecuteOptions,
    isExclusive = false,
  ): AsyncGenerator<readonly Row[]> {
    const { values, isPooled } = this.#context;
    if (isPooled) assertLeavesNothing(statement, this.#options.label);
    this.#member?.admit(undefined);
    const how = { ...options, keepsSession: this.#pooled.keepsSession(statement) };
    const plan = { statement, batchSize, options: how, values, isExclusive, begin: this.#begin };
    const stream = new PostgresStream(this.#connection, plan);
    this.#takeBegin();
    this.#hasRead = true;
    try {
      yield* stream.read();
    } catch (error) {
      if (statement.access !== 'read') await this.#refuse();
      this.#fail(error);
    }
  }

  /**
   * Makes the transaction a failed one, after a write whose rows cannot be read: the write must not be committed. Only a ROLLBACK TO an earlier savepoint
   * makes it usable again, as after any other failure. The server's log says why.
   */
  async #refuse(): Promise<void> {
    if (this.#connection.isLost || this.#connection.status !== 'T') return;
    await this.#connection
      .run('rollback to savepoint sluice_result_unreadable', [], endOptions(this.#options))
      .catch(() => {});
  }

  async commit(): Promise<void> {
    const { access } = this.#options;
    const { counters, onWrite, outcome } = this.#context;
    try {
      await (this.#member?.commit() ?? this.#commitAll());
      counters.recordCommit(access);
    } catch (error) {
      if (!(error instanceof CommitUnknownError)) counters.recordFailure(error, this.#isFinal);
      outcome.isConflict ||= error instanceof ConflictError;
      throw error;
    } finally {
      this.#unlist?.();
      if (access === 'write') onWrite();
      this.#pooled.release();
    }
  }

  /** Sends COMMIT, for all members of a shared COMMIT. */
  async #commitAll(): Promise<void> {
    const { access, label } = this.#options;
    const connection = this.#connection;
    // When BEGIN was not sent, nothing was.
    if (this.#takeBegin() !== undefined && connection.status === 'I') return;
    try {
      await commitOpen(connection, endOptions(this.#options));
    } catch (error) {
      if (connection.lastOutcome !== 'unknown' || access === 'read') throw this.#conflictIfStale(error);
      throw writeError(error, 'unknown', label);
    }
  }

  /**
   * Rolls the transaction back. When the connection does not answer it is destroyed, and the server rolls the transaction back itself.
   *
   * @throws ConflictError only in a shared COMMIT: when the transaction has seen changes of earlier members that were not committed after all.
   */
  async rollback(): Promise<void> {
    this.#context.counters.recordRollback();
    this.#unlist?.();
    if (this.#member === undefined || this.#member.isFirst)
      return rollBack(this.#pooled, endOptions(this.#options));
    try {
      await this.#member.rollback();
    } finally {
      this.#pooled.release();
    }
  }

  #fail(failure: unknown): never {
    const { access, label } = this.#options;
    const error = access === 'write' ? refusedWrite(failure, this.#connection, label) : failure;
    if (error instanceof ConflictError) {
      this.#context.outcome.isConflict = true;
      this.#member?.noteConflict();
    }
    const told = this.#conflictIfStale(error);
    this.#context.counters.noteConflict(told, this.#isFinal);
    throw told;
  }

  #conflictIfStale(error: unknown): unknown {
    return this.#hasRead ? conflictIfStale(error, this.#options, this.#context.isolation) : error;
  }

  /** Whether nobody makes the transaction again after a conflict: it is one of Kysely's own. */
  get #isFinal(): boolean {
    return this.#options.isReplayable !== true;
  }

  #takeBegin(): string | undefined {
    const begin = this.#begin;
    this.#begin = undefined;
    return begin;
  }

  get #connection(): PostgresConnection {
    return this.#pooled.connection;
  }

  #assertStillOpen(): void {
    if (this.#connection.status !== 'I') return;
    throw transactionEndedError('ended', this.#options.label);
  }
}

/** Rolls back an open transaction and releases the connection. Never rejects. */
async function rollBack({ connection, release }: PooledConnection, options: SendOptions): Promise<void> {
  try {
    await rollBackOpen(connection, options);
  } finally {
    release();
  }
}
