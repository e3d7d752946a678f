import { AbortedError } from '@sluice/core/errors';
import type { PlannedTable, TransferPlan } from '../plan/transfer-plan.js';
import { PostgresSession } from '../postgres/session.js';
import type { ReaderPool } from '../reader/reader-pool.js';
import { quoteName } from '../sql/quote.js';
import { recordStep } from '../state/postgres-state.js';
import type { TableProgress } from '../state/table-progress.js';
import { copyTable } from './copy-table.js';
import { lockForCopying } from './target-lock.js';

export interface CopyTablesInput {
  readonly pool: ReaderPool;
  readonly plan: TransferPlan;
  /** `postgres://…`. */
  readonly target: string;
  readonly targetSchema: string | undefined;
  /** Number of tables to copy at once. */
  readonly jobs: number;
  /** Whether to hash the rows during the copy, for the verification. */
  readonly isSummed: boolean;
  /** The tables that are done. Every copied table is added. */
  readonly progress: Map<string, TableProgress>;
  readonly isAnalyzed: boolean;
  /** The statements that were run. */
  readonly steps: ReadonlyMap<string, string | null>;
  readonly onProgress: (table: string | undefined, rows: number, totalRows: number) => void;
}

/**
 * Copies the remaining tables, several at once, each over its own connection, the largest first. Existing tables have foreign keys already, and
 * are copied one after the other, parents first. Then it analyzes all tables, several at once too.
 */
export async function copyTables(input: CopyTablesInput): Promise<void> {
  const { plan, progress, steps, pool, isSummed } = input;
  const isCreated = plan.schema === 'translate';
  const largestFirst = plan.tables.toSorted((one, other) => other.rows - one.rows);
  const left = (isCreated ? largestFirst : plan.tables).filter(({ target }) => !progress.has(target));
  const totalRows = left.reduce((sum, { rows }) => sum + rows, 0);
  input.onProgress(undefined, 0, totalRows);
  const unanalyzed = largestFirst.filter(
    (table) => input.isAnalyzed && (left.includes(table) || !steps.has(analysisOf(table))),
  );
  const count = Math.max(left.length, unanalyzed.length);
  const [first] = left;
  const sessions = await connect(input, Math.min(isCreated ? input.jobs : 1, count));
  try {
    await forEachTable(sessions, left, pool, async (session, table) => {
      const { target } = table;
      const onProgress = (rows: number): void => input.onProgress(target, rows, totalRows);
      const isLowPriority = sessions.length > 1 && table !== first;
      progress.set(
        target,
        await copyTable({ pool, session, plan, table, isSummed, isLowPriority, onProgress }),
      );
    });
    await forEachTable(sessions, unanalyzed, pool, analyze);
  } finally {
    await Promise.all(sessions.map((session) => session.close()));
  }
}

async function connect(
  { target, targetSchema }: CopyTablesInput,
  count: number,
): Promise<readonly PostgresSession[]> {
  const connecting = Array.from({ length: count }, () => PostgresSession.connect(target, targetSchema));
  const outcomes = await Promise.allSettled(connecting);
  const sessions = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
  try {
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
    for (const session of sessions) {
      // A crash of the server may lose the latest commits, each with its record. The last commit of the transfer waits for all of them.
      await session.query('set synchronous_commit = off');
      await lockForCopying(session);
    }
    return sessions;
  } catch (error) {
    await Promise.all(sessions.map((session) => session.close()));
    throw error;
  }
}

/**
 * Runs `work` for all tables in order, each on the next free session. After a failure the others are cancelled, and the first error that is
 * not their cancellation is thrown.
 */
async function forEachTable(
  sessions: readonly PostgresSession[],
  tables: readonly PlannedTable[],
  pool: ReaderPool,
  work: (session: PostgresSession, table: PlannedTable) => Promise<void>,
): Promise<void> {
  const left = [...tables];
  const workThrough = async (session: PostgresSession): Promise<void> => {
    try {
      for (let table = left.shift(); table !== undefined; table = left.shift()) await work(session, table);
    } catch (error) {
      left.length = 0;
      pool.cancel();
      throw error;
    }
  };
  const outcomes = await Promise.allSettled(sessions.map(workThrough));
  const reasons = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []));
  if (reasons.length > 0) throw reasons.find((reason) => !(reason instanceof AbortedError)) ?? reasons[0];
}

/** Analyzes a table and records it, so that a resumed transfer knows which tables are not analyzed yet. */
async function analyze(session: PostgresSession, table: PlannedTable): Promise<void> {
  const sql = `analyze ${quoteName(table.target)}`;
  await session.transaction(async () => {
    await session.query(sql);
    await recordStep(session, analysisOf(table), sql, null);
  });
}

/** The name under which the ANALYZE of a table is recorded. */
export function analysisOf({ target }: PlannedTable): string {
  return `analyze ${target}`;
}
