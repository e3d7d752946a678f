import {
  type DatabaseTransaction,
  type ExecuteOptions,
  type Row,
  type Statement,
  type StatementResult,
  UsageError,
} from '@sluice/core';
import type { AlterTableNode } from 'kysely';
import { alterTable, assertOwnAlteration } from '../rebuild/alter-table.js';
import { withoutTemporaryNames } from '../rebuild/temporary-names.js';
import { statementKind } from '../sql/statement.js';
import type { SqliteEngine } from '../thread/engine.js';
import { ROWS_PER_PART } from '../values/result-part.js';
import { ResultRows } from '../values/rows.js';
import { assertAllowedInside } from './statement-guard.js';
import type { TransactionLease } from './transaction-lease.js';

/**
 * How an ALTER TABLE is run. `own`: only what SQLite's ALTER TABLE can do. `own_or_rebuild`: otherwise the table is rebuilt. `as_written`: the
 * statement's text is run unchanged.
 */
export type Alterations = 'own' | 'own_or_rebuild' | 'as_written';

/** A transaction on the writer, or a snapshot on a reader. */
export class SqliteTransaction implements DatabaseTransaction {
  readonly #engine: SqliteEngine;
  readonly #lease: TransactionLease;
  readonly #alterations: Alterations;
  readonly #onEnd: () => void;
  #isEnded = false;

  constructor(engine: SqliteEngine, lease: TransactionLease, alterations: Alterations, onEnd: () => void) {
    this.#engine = engine;
    this.#lease = lease;
    this.#alterations = alterations;
    this.#onEnd = onEnd;
  }

  execute(statement: Statement, options: ExecuteOptions): Promise<StatementResult> {
    return statement.alteration === undefined || this.#alterations === 'as_written'
      ? this.#execute(statement, options)
      : this.#alter(statement, statement.alteration, options);
  }

  async #execute(statement: Statement, options: ExecuteOptions): Promise<StatementResult> {
    this.#assertUsable(statement);
    return this.#run(statement, options);
  }

  async #alter(
    statement: Statement,
    alteration: AlterTableNode,
    options: ExecuteOptions,
  ): Promise<StatementResult> {
    this.#assertUsable(statement);
    if (this.#alterations === 'own') {
      assertOwnAlteration(alteration);
      return this.#run(statement, options);
    }
    const steps: string[] = [];
    await alterTable(alteration, async (sql, ...parameters) => {
      const { rows } = await this.#run({ sql, parameters, access: 'unknown' }, options);
      if (isStep(sql)) steps.push(sql);
      return rows;
    });
    return { rows: [], affectedRows: 0, steps };
  }

  async #run(statement: Statement, options: ExecuteOptions): Promise<StatementResult> {
    const rows = new ResultRows();
    const bound = this.#engine.bind(statement, options);
    const request = { op: 'run', statement: bound, batchSize: ROWS_PER_PART } as const;
    const outcome = await this.#lease.call(request, options, (part) => rows.add(part));
    return this.#engine.toResult(withoutTemporaryNames(outcome), rows, statement, bound);
  }

  async *stream(
    statement: Statement,
    batchSize: number,
    options: ExecuteOptions,
  ): AsyncGenerator<readonly Row[]> {
    this.#assertUsable(statement);
    const bound = this.#engine.bind(statement, options);
    const request = { op: 'run', statement: bound, batchSize } as const;
    yield* this.#engine.toBatches(this.#lease.stream(request, options), statement.sql);
  }

  async commit(): Promise<void> {
    this.#end();
    this.#engine.expectDone(await this.#lease.commit());
  }

  async rollback(): Promise<void> {
    this.#end();
    const outcome = await this.#lease.rollback();
    // A thread that has ended, and a revoked lease, have rolled the transaction back already.
    if (outcome.kind !== 'lost' && outcome.kind !== 'over') this.#engine.expectDone(outcome);
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

/** Whether the statement changes something. The queries with which an alteration reads the schema are not reported as steps. */
function isStep(sql: string): boolean {
  return statementKind(sql) !== 'query';
}
