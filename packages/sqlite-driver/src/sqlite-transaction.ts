import {
  type DatabaseTransaction,
  type ExecuteOptions,
  type Row,
  type Statement,
  type StatementResult,
  UsageError,
} from '@sluice/core';
import type { SqliteEngine } from './sqlite-engine.js';
import { assertAllowedInside } from './sqlite-guard.js';
import { ResultRows } from './sqlite-rows.js';
import type { ThreadLease } from './thread/thread-lease.js';
import { ROWS_PER_PART } from './thread/thread-protocol.js';

/** A transaction on the writer, or a snapshot on a reader, until it ends. */
export class SqliteTransaction implements DatabaseTransaction {
  readonly #engine: SqliteEngine;
  readonly #lease: ThreadLease;
  readonly #onEnd: () => void;
  #isEnded = false;

  constructor(engine: SqliteEngine, lease: ThreadLease, onEnd: () => void) {
    this.#engine = engine;
    this.#lease = lease;
    this.#onEnd = onEnd;
  }

  async execute(statement: Statement, options: ExecuteOptions): Promise<StatementResult> {
    this.#assertUsable(statement);
    const rows = new ResultRows();
    const request = { op: 'run', statement: this.#engine.bind(statement), batchSize: ROWS_PER_PART } as const;
    const outcome = await this.#lease.call(request, options, (part) => rows.add(part));
    return this.#engine.toResult(outcome, rows, statement.sql);
  }

  async *stream(
    statement: Statement,
    batchSize: number,
    options: ExecuteOptions,
  ): AsyncGenerator<readonly Row[]> {
    this.#assertUsable(statement);
    const request = { op: 'run', statement: this.#engine.bind(statement), batchSize } as const;
    yield* this.#engine.toBatches(this.#lease.stream(request, options), statement.sql);
  }

  async commit(): Promise<void> {
    this.#end();
    const outcome = await this.#lease.call({ op: 'commit' }, {});
    this.#lease.release();
    this.#engine.expectDone(outcome);
  }

  /** While SQLite is still at work for a caller who has left, the rollback follows by itself; nobody needs to wait for it. */
  async rollback(): Promise<void> {
    this.#end();
    if (this.#lease.isRunning) return this.#lease.release({ op: 'rollback' });
    const outcome = await this.#lease.call({ op: 'rollback' }, {});
    this.#lease.release();
    // A thread that is gone has taken its transaction with it.
    if (outcome.kind !== 'lost') this.#engine.expectDone(outcome);
  }

  #assertUsable({ sql }: Statement): void {
    this.#assertOpen();
    assertAllowedInside(sql);
  }

  #end(): void {
    this.#assertOpen();
    this.#isEnded = true;
    this.#onEnd();
  }

  #assertOpen(): void {
    if (!this.#isEnded) return;
    throw new UsageError(
      'transaction_ended',
      'The transaction has ended; its handle cannot be used any more.',
    );
  }
}
