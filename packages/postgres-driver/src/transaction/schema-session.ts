import {
  type DatabaseTransaction,
  type ExecuteOptions,
  type Row,
  type SchemaChangeOptions,
  type Statement,
  type StatementResult,
  UnsupportedError,
  UsageError,
} from '@sluice/core';
import type { PostgresConnection } from '../connection/connection.js';
import { limit } from '../connection/session.js';
import { toStatementResult } from '../values/rows.js';
import type { PooledConnection } from './pooled-connection.js';
import { prepareToSend } from './send-statement.js';
import { takeSchemaChangeLock } from './take-schema-change-lock.js';
import type { TransactionContext } from './transaction.js';
import { writeError } from './write-error.js';

/**
 * Begins a schema change in which each statement commits by itself, on `pooled`, which is released when that fails. The session of the statements holds the
 * lock too, not another one: so it ends with them, and PostgreSQL detects a deadlock between them and a statement that waits for the lock.
 */
export async function beginSchemaSession(
  pooled: PooledConnection,
  options: SchemaChangeOptions,
  context: Context,
): Promise<DatabaseTransaction> {
  const { lockTimeoutMs = 0 } = options;
  try {
    await takeSchemaChangeLock(pooled.connection, 'session', options);
    if (lockTimeoutMs > 0)
      await pooled.connection.run(`select ${limit('lock_timeout', lockTimeoutMs, false)}`, [], options);
    return new SchemaSession(pooled, options, context);
  } catch (error) {
    await discard(pooled);
    throw error;
  }
}

type Context = Pick<TransactionContext, 'counters' | 'onWrite' | 'values'>;

class SchemaSession implements DatabaseTransaction {
  readonly #pooled: PooledConnection;
  readonly #options: SchemaChangeOptions;
  readonly #context: Context;

  constructor(pooled: PooledConnection, options: SchemaChangeOptions, context: Context) {
    this.#pooled = pooled;
    this.#options = options;
    this.#context = context;
  }

  async execute(statement: Statement, options: ExecuteOptions): Promise<StatementResult> {
    const { values, counters, onWrite } = this.#context;
    const send = prepareToSend(statement, values);
    try {
      const result = await send(this.#connection, { ...options, mode: 'write' });
      this.#assertNothingOpen();
      counters.recordCommit('write');
      return toStatementResult(result, values);
    } catch (error) {
      counters.recordFailure(error);
      throw writeError(error, this.#connection.lastOutcome, options.label);
    } finally {
      onWrite();
    }
  }

  // biome-ignore lint/correctness/useYield: it refuses when the reader asks for the first rows.
  async *stream(): AsyncGenerator<readonly Row[]> {
    throw new UnsupportedError(
      'A stream needs a transaction for its snapshot, and this migration runs without one. Read page by page.',
      { operation: this.#options.label },
    );
  }

  commit(): Promise<void> {
    return discard(this.#pooled);
  }

  rollback(): Promise<void> {
    return discard(this.#pooled);
  }

  get #connection(): PostgresConnection {
    return this.#pooled.connection;
  }

  /** What would follow in a transaction of the migration's own would not be committed by itself, and might never be. */
  #assertNothingOpen(): void {
    if (this.#connection.status === 'I') return;
    throw new UsageError(
      'invalid_query',
      'The statement opened a transaction, which was rolled back: a migration with `transaction = false` runs without one.',
      { operation: this.#options.label },
    );
  }
}

/** Ends the session, and with it the lock and its settings. Never rejects. */
async function discard({ connection, release }: PooledConnection): Promise<void> {
  if (!connection.isLost) await connection.end().catch(() => connection.destroy());
  release();
}
