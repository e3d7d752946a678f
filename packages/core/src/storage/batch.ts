import type { Compilable, DeleteResult, InsertResult, Kysely, MergeResult, UpdateResult } from 'kysely';
import { createQueryId } from 'kysely';
import type { Database, ExecuteOptions, Row, Statement, StatementResult } from '../driver/driver.js';
import { replay } from '../transaction/replay.js';
import { runTransaction, type TransactionHost } from '../transaction/run-transaction.js';
import { withTime } from '../transaction/transaction-time.js';

/** The results of a batch's queries, in their order. */
export type BatchResults<Queries extends readonly Compilable<unknown>[]> = {
  -readonly [Index in keyof Queries]: BatchResult<Queries[Index]>;
};

/** The result of one query of a batch. */
export interface BatchResult<Query> {
  /** Empty for a query that returns no rows. */
  readonly rows: BatchRow<Query>[];
  /** Rows inserted, updated or deleted; 0 for a read. */
  readonly affectedRows: number;
}

type BatchRow<Query> =
  Query extends Compilable<infer Output>
    ? Exclude<Output, DeleteResult | InsertResult | MergeResult | UpdateResult>
    : never;

/** What a batch runs on. */
export interface BatchHost extends TransactionHost {
  readonly database: Pick<Database, 'batch' | 'begin'>;
}

/** Runs statements as one transaction: with the driver's `batch` when it has one, otherwise one after the other. Replays them after a conflict. */
export async function runBatch(
  host: BatchHost,
  statements: readonly Statement[],
  options: ExecuteOptions,
): Promise<readonly StatementResult[]> {
  const isRead = statements.every(({ access }) => access === 'read');
  const { database, onReplay } = host;
  if (!isRead && database.batch !== undefined) {
    const batch = database.batch.bind(database);
    return replay(
      (attempt) => {
        const time = new Date();
        return batch(
          statements.map((statement) => withTime(statement, time)),
          { ...options, attempt },
        );
      },
      options,
      onReplay,
    );
  }
  const access = isRead ? 'read' : 'write';
  return runTransaction(
    host,
    async (scope) => {
      const results: StatementResult[] = [];
      for (const statement of statements) results.push(await scope.execute(statement, options));
      return results;
    },
    { ...options, access },
  );
}

/** Applies the plugins of `kysely` to the results, which gives the columns the application's names. */
export async function toBatchResults<DB>(
  kysely: Kysely<DB>,
  results: readonly StatementResult[],
): Promise<{ rows: Row[]; affectedRows: number }[]> {
  const { plugins } = kysely.getExecutor();
  const named: { rows: Row[]; affectedRows: number }[] = [];
  for (const { rows, affectedRows } of results) {
    let result: { rows: Row[] } = { rows };
    for (const plugin of plugins) {
      const transformed = await plugin.transformResult({ result, queryId: createQueryId() });
      result = { rows: transformed.rows as Row[] };
    }
    named.push({ rows: result.rows, affectedRows });
  }
  return named;
}
