import {
  type BeginOptions,
  type DatabaseSession,
  type ExecuteOptions,
  type Row,
  type SessionOptions,
  type Statement,
  type StatementResult,
  UnsupportedError,
  UsageError,
} from '@sluice/core';
import { rollBackOpen } from './end-transaction.js';
import type { PooledConnection } from './pooled-connection.js';
import type { PostgresTransaction } from './transaction.js';

/** What a session needs from its database. */
export interface SessionHost {
  /** Runs a statement in a transaction of its own, on a connection that `connect` gives. */
  execute(connect: Connect, statement: Statement, options: RunOptions): Promise<StatementResult>;
  /** Runs a statement in the transaction that an earlier one began. */
  executeOpen(
    pooled: PooledConnection,
    statement: Statement,
    options: ExecuteOptions,
  ): Promise<StatementResult>;
  /** Begins a transaction, on a replica or on a connection that `connect` gives. */
  begin(options: SessionBeginOptions, connect: Connect): Promise<PostgresTransaction>;
  /** Reads rows in a transaction of their own. */
  stream(
    statement: Statement,
    batchSize: number,
    options: ExecuteOptions,
    begin: (options: BeginOptions) => Promise<PostgresTransaction>,
  ): AsyncIterable<readonly Row[]>;
}

/** The options of a transaction in a session. */
export interface SessionBeginOptions extends BeginOptions {
  /** Whether the transaction is that of a stream. */
  readonly isStream?: boolean | undefined;
  /** Whether it has the isolation level and the access that the session has by now, which the application may have set. */
  readonly keepsDefaults?: boolean | undefined;
}

/** The options of a {@link PinnedSession}. */
export interface PinnedSessionOptions extends SessionOptions {
  /** Whether a pooler in transaction mode may give each statement another session. */
  readonly isPooled: boolean;
}

/** Gives a connection, for one statement or transaction. */
export type Connect = (acquire: () => Promise<PooledConnection>) => Promise<PooledConnection>;

/** How a session runs a single statement. */
export interface RunOptions extends ExecuteOptions {
  /** Whether a statement may leave a transaction open that it began. */
  readonly mayBegin: boolean;
}

/**
 * One connection of the pool for one caller: see {@link DatabaseSession}. It takes the connection with its first statement and returns it at the end; the pool
 * then resets it, as after any statement.
 *
 * A transaction that only reads may run on a replica. What it leaves in its session ends with it.
 */
export class PinnedSession implements DatabaseSession {
  readonly #host: SessionHost;
  readonly #mayBegin: boolean;
  readonly #isPooled: boolean;
  #pooled: PooledConnection | undefined;
  /** Whether a statement was completed, so that something may be left in the session. */
  #isUsed = false;

  constructor(host: SessionHost, { mayBegin = true, isPooled }: PinnedSessionOptions) {
    this.#host = host;
    this.#mayBegin = mayBegin && !isPooled;
    this.#isPooled = isPooled;
  }

  get isHeld(): boolean {
    return this.#pooled !== undefined;
  }

  async execute(statement: Statement, options: ExecuteOptions): Promise<StatementResult> {
    this.#assertPinned(options);
    return this.#use(() => {
      const pooled = this.#pooled;
      if (pooled !== undefined && isOpen(pooled)) return this.#host.executeOpen(pooled, statement, options);
      // After the first statement, the driver sets no mode any more: the application may have.
      const plain = this.#isUsed ? ({ ...statement, access: 'unknown' } as const) : statement;
      return this.#host.execute(this.#connect, plain, { ...options, mayBegin: this.#mayBegin });
    });
  }

  async *stream(
    statement: Statement,
    batchSize: number,
    options: ExecuteOptions,
  ): AsyncGenerator<readonly Row[]> {
    this.#assertPinned(options);
    yield* this.#host.stream(statement, batchSize, options, (how) => this.begin({ ...how, isStream: true }));
  }

  async begin(options: SessionBeginOptions): Promise<PostgresTransaction> {
    this.#assertNothingOpen(options);
    const keepsDefaults = this.#keepsDefaults(options);
    const transaction = await this.#host.begin({ ...options, keepsDefaults }, this.#connect);
    this.#isUsed = true;
    return transaction;
  }

  kill(): void {
    this.#pooled?.connection.destroy();
  }

  async release(): Promise<void> {
    const pooled = this.#pooled;
    this.#pooled = undefined;
    if (pooled === undefined) return;
    const wasOpen = isOpen(pooled);
    // A failed transaction has been told of by its error.
    const wasFailed = pooled.connection.status === 'E';
    try {
      if (wasOpen) await rollBackOpen(pooled.connection, OWN);
    } finally {
      pooled.release();
    }
    if (wasOpen && !wasFailed) throw leftOpenError();
  }

  /** Gives the session's connection. Whoever uses it releases it in vain: it goes back at the session's end. */
  readonly #connect: Connect = async (acquire) => {
    this.#pooled ??= await acquire();
    return { ...this.#pooled, release: () => {} };
  };

  async #use<T>(work: () => Promise<T>): Promise<T> {
    try {
      const result = await work();
      this.#isUsed = true;
      return result;
    } catch (error) {
      const pooled = this.#pooled;
      if (pooled !== undefined && !this.#mayBegin) await rollBackOpen(pooled.connection, OWN);
      this.#giveBackUnused();
      throw error;
    }
  }

  /** After the first statement, nothing is lost with a connection that is: another attempt may have another one. */
  #giveBackUnused(): void {
    const pooled = this.#pooled;
    if (this.#isUsed || pooled === undefined) return;
    if (!pooled.connection.isLost && !pooled.connection.isRetired) return;
    this.#pooled = undefined;
    pooled.release();
  }

  /** Whether the application may have set the level of transactions: nothing but its own statements has. */
  #keepsDefaults({ access, isolation, isStream }: SessionBeginOptions): boolean {
    if (!this.#isUsed || !this.#mayBegin || isStream || access !== 'write' || isolation !== undefined)
      return false;
    return this.#pooled?.connection.isIn('write') === true;
  }

  /** Behind a pooler, what the first statement left in its session, such as a role, would be missing in the session of the next one. */
  #assertPinned({ label }: ExecuteOptions): void {
    if (!this.#isPooled || !this.#isUsed) return;
    throw new UnsupportedError(
      'Behind a pooler in transaction mode, `connection()` has no connection of its own. Use `transaction()`, whose statements share one, or a pooler in session mode.',
      { operation: label },
    );
  }

  #assertNothingOpen({ label }: ExecuteOptions): void {
    if (this.#pooled === undefined || !isOpen(this.#pooled)) return;
    throw new UsageError(
      'invalid_query',
      `A transaction or a stream cannot begin on a connection on which a statement has begun a transaction. End that one first, or begin it by \`transaction()\`.`,
      { operation: label },
    );
  }
}

const OWN = { onInterrupt: 'destroy' } as const;

function isOpen({ connection }: PooledConnection): boolean {
  return !connection.isLost && connection.status !== 'I';
}

function leftOpenError(): UsageError {
  return new UsageError(
    'invalid_query',
    'The statement opened a transaction, which was rolled back. Begin transactions with `transaction()`, or end it by COMMIT on the same `connection()`.',
  );
}
