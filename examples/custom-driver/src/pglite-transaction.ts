import {
  type DatabaseTransaction,
  type ExecuteOptions,
  type Lease,
  type Row,
  type Statement,
  type StatementResult,
  UsageError,
  withinDeadline,
} from '@sluice/core';
import type { PgliteConstraints } from './pglite-catalog.js';
import type { PgliteThread, RawResult, StatementRequest } from './pglite-thread.js';
import { bind, decodeRow } from './pglite-values.js';

/** What a transaction works with for as long as it holds the lane. */
interface Context {
  readonly thread: PgliteThread;
  readonly constraints: PgliteConstraints;
  readonly lease: Lease;
  readonly ended: { commits: number; rollbacks: number };
}

/** ROLLBACK TO a savepoint does not. */
const ENDS_TRANSACTION =
  /^\s*(?:abort|commit|end|prepare\s+transaction|rollback(?!\s+(?:work\s+|transaction\s+)?to\b))\b/i;

export class PgliteTransaction implements DatabaseTransaction {
  readonly #context: Context;
  #hasChangedSchema = false;
  #portals = 0;

  constructor(context: Context) {
    this.#context = context;
  }

  async execute({ sql, parameters }: Statement, options: ExecuteOptions): Promise<StatementResult> {
    if (ENDS_TRANSACTION.test(sql))
      throw new UsageError('invalid_query', 'The transaction is ended by its callback, not by a statement.');
    return toResult(await this.#run({ sql, parameters: parameters.map(bind) }, options));
  }

  /** A portal reads no further than it is asked to. */
  async *stream(
    { sql, parameters }: Statement,
    batchSize: number,
    options: ExecuteOptions,
  ): AsyncGenerator<readonly Row[]> {
    this.#portals += 1;
    const portal = { name: `sluice_${this.#portals}`, rows: batchSize };
    let batch = await this.#run({ sql, parameters: parameters.map(bind), portal }, options);
    const { fields } = batch;
    while (batch.rows.length > 0) {
      yield batch.rows.map((values) => decodeRow(fields, values));
      if (batch.rows.length < batchSize) return;
      batch = await this.#run({ portal }, options);
    }
  }

  async commit(): Promise<void> {
    const { thread, constraints, lease, ended } = this.#context;
    try {
      const { command } = await thread.run({ sql: 'commit' }).catch(constraints.nameColumns);
      // PostgreSQL answers COMMIT in a failed transaction with ROLLBACK, and calls that a success.
      if (command !== 'COMMIT') throw new UsageError('transaction_broken', 'A statement of it failed.');
      ended.commits += 1;
      // It is committed, whatever becomes of this: of a constraint not known, the columns are not told.
      if (this.#hasChangedSchema) await constraints.read().catch(() => {});
    } finally {
      lease.release();
    }
  }

  async rollback(): Promise<void> {
    const { thread, lease, ended } = this.#context;
    ended.rollbacks += 1;
    await thread.run({ sql: 'rollback' }).finally(lease.release);
  }

  async #run(request: StatementRequest, options: ExecuteOptions): Promise<RawResult> {
    const { thread, constraints } = this.#context;
    const work = thread.run(request).catch(constraints.nameColumns);
    const raw = await withinDeadline(work, options, 'what it did is undone');
    if (raw.status === 'I') throw new UsageError('transaction_ended', 'The statement ended the transaction.');
    this.#hasChangedSchema ||= /^(ALTER|CREATE|DROP)/.test(raw.command);
    return raw;
  }
}

function toResult({ fields, rows, command }: RawResult): StatementResult {
  const count = /^(?:INSERT|UPDATE|DELETE|MERGE)\b.* (\d+)$/.exec(command)?.[1] ?? 0;
  return { rows: rows.map((values) => decodeRow(fields, values)), affectedRows: Number(count) };
}
