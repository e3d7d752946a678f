import { AbortedError, ConnectionError } from '@sluice/core/errors';
import { type AuditReport, auditPool, checkPlan } from '../audit/audit.js';
import { type Finding, isClear } from '../plan/finding.js';
import { isChecked, markChecked } from '../plan/plan-digest.js';
import { readingOf } from '../plan/planned-reading.js';
import type { PlannedStatement, PlannedTable, TransferPlan } from '../plan/transfer-plan.js';
import { planForExisting } from '../postgres/existing-schema.js';
import { type PostgresSession, toTransferError } from '../postgres/session.js';
import type { ReaderPool } from '../reader/reader-pool.js';
import { quoteName, quoteNames } from '../sql/quote.js';
import {
  createState,
  finishState,
  forgetSteps,
  forgetTable,
  readRefusals,
  readSteps,
  recordStep,
  type TransferState,
} from '../state/postgres-state.js';
import type { TableProgress } from '../state/table-progress.js';
import { postgresSide, sqliteSide, type VerifiedTable, verifyTable } from '../verify/verify-table.js';
import { analysisOf, copyTables } from './copy-tables.js';
import { dropCircles, dropStatements } from './drop-statements.js';
import { dropTables, givenPlan, openTarget, refused, rehearseOn, type Target } from './open-target.js';
import {
  DEFAULT_JOBS,
  type TransferOptions,
  type TransferPhase,
  type TransferReport,
  type TransferredTable,
} from './transfer-options.js';

/** Runs a transfer whose readers are being opened: the target is asked meanwhile. */
export async function runTransfer(
  opening: Promise<ReaderPool>,
  options: TransferOptions,
): Promise<TransferReport> {
  const [pool, target] = await Promise.allSettled([opening, openTarget(options)]);
  const stop = (): void => (pool.status === 'fulfilled' ? pool.value.cancel() : undefined);
  options.signal?.addEventListener('abort', stop, { once: true });
  try {
    if (pool.status === 'rejected') throw pool.reason;
    if (target.status === 'rejected') throw target.reason;
    if (options.signal?.aborted === true) throw new AbortedError('The work was stopped.');
    return await new Transfer(pool.value, target.value.session, options).run(target.value);
  } catch (error) {
    throw toTransferError(error);
  } finally {
    options.signal?.removeEventListener('abort', stop);
    await Promise.all([
      target.status === 'fulfilled' ? target.value.session.close() : undefined,
      pool.status === 'fulfilled' ? pool.value.close() : undefined,
    ]);
  }
}

class Transfer {
  readonly #pool: ReaderPool;
  readonly #session: PostgresSession;
  readonly #options: TransferOptions;

  constructor(pool: ReaderPool, session: PostgresSession, options: TransferOptions) {
    this.#pool = pool;
    this.#session = session;
    this.#options = options;
  }

  async run({ state, rehearsed }: Target): Promise<TransferReport> {
    const { dryRun = false, resume = false, replace = false } = this.#options;
    if (state !== undefined && resume) return this.#goOn(state);
    if (state !== undefined && !replace && !dryRun) {
      throw refused(
        state.isFinished
          ? 'A transfer into this database was made already. Add --replace to make it again from the beginning.'
          : 'A transfer into this database was interrupted. Add --resume to go on, or --replace to begin again.',
      );
    }
    return this.#begin(rehearsed);
  }

  async #begin(rehearsed: TransferPlan | undefined): Promise<TransferReport> {
    const audited = await this.#makePlan();
    const { findings } = audited;
    if (!isClear(audited)) return report({ outcome: 'refused', findings, plan: audited.plan });
    if (this.#options.schema === 'existing') return this.#beginExisting(audited.plan);
    this.#report('rehearse', undefined, 0, undefined);
    // What is rehearsed is the plan that was given, which is this one if the source is still as it was then.
    const isRehearsed = rehearsed?.source.fingerprint === this.#pool.fingerprint;
    const plan = isRehearsed ? rehearsed : await rehearseOn(this.#session, audited.plan, this.#options);
    if (this.#options.dryRun === true) {
      return report({
        outcome: 'planned',
        findings,
        plan: markChecked(plan),
        untranslated: plan.untranslated,
      });
    }
    await this.#session.transaction(async () => {
      if (this.#options.replace === true && plan.schema === 'translate')
        await dropTables(this.#session, plan);
      await createState(this.#session, plan);
    });
    return this.#copyAll(plan, new Map(), new Map(), findings);
  }

  /** The tables are there: their types decide, and every value is checked against them before anything is written. */
  async #beginExisting(audited: TransferPlan): Promise<TransferReport> {
    const plan = await planForExisting(this.#session, audited);
    const findings = await checkPlan(this.#pool, plan);
    if (!isClear({ findings })) return report({ outcome: 'refused', findings, plan });
    if (this.#options.dryRun === true) return report({ outcome: 'planned', findings, plan });
    await this.#session.transaction(async () => {
      await dropCircles(this.#session, plan);
      await createState(this.#session, plan);
    });
    return this.#copyAll(plan, new Map(), new Map(), findings);
  }

  async #makePlan(): Promise<Pick<AuditReport, 'findings' | 'plan'>> {
    const { source, policies, plan, exclude = [] } = this.#options;
    const given = givenPlan(this.#options);
    this.#report('audit', undefined, 0, undefined);
    if (given !== undefined && isChecked(given, this.#pool.fingerprint)) return { plan: given, findings: [] };
    return auditPool(this.#pool, source, {
      policies: { ...plan?.policies, ...policies },
      exclude,
      plan: given,
      onProgress: ({ table, rows }) => this.#report('audit', table, rows, undefined),
    });
  }

  /** Tables that are done stay if they are as the source is now, and are copied again if not. */
  async #goOn(state: TransferState): Promise<TransferReport> {
    const { plan } = state;
    // Nothing is left to copy. The source is read again for the comparison: it may have changed since.
    if (state.isFinished) return this.#copyAll(plan, withoutSums(state.tables), state.steps, []);
    const changed = await this.#changed(state);
    if (changed.length > 0) await this.#undo(plan, changed);
    const done = new Map(state.tables);
    for (const { target } of changed) done.delete(target);
    return this.#copyAll(plan, done, await readSteps(this.#session), []);
  }

  /**
   * Copied tables that are not as the source is now. Of the application's own tables, which have their foreign keys, all after the first of them go
   * with it: rows of theirs may refer to it, and would keep its rows from being deleted, or be deleted along.
   */
  async #changed({ plan, tables }: TransferState): Promise<PlannedTable[]> {
    const changed: PlannedTable[] = [];
    for (const table of plan.tables) {
      const progress = tables.get(table.target);
      if (progress === undefined) continue;
      const goesAlong = plan.schema === 'existing' && changed.length > 0;
      if (goesAlong || !(await this.#isUnchanged(plan, table, progress))) changed.push(table);
    }
    return changed;
  }

  /** A table that was copied without hashes is as it was only if nothing was written to the whole file. */
  async #isUnchanged(plan: TransferPlan, table: PlannedTable, { sums }: TableProgress): Promise<boolean> {
    if (sums === undefined) return this.#pool.fingerprint === plan.source.fingerprint;
    const now = await sqliteSide(this.#pool).hash(readingOf(plan, table));
    return now.misfits.length === 0 && now.sums.differences(sums).size === 0;
  }

  /** Tables of the application are emptied children first. */
  async #undo(plan: TransferPlan, tables: readonly PlannedTable[]): Promise<void> {
    const names = tables.map(({ target }) => target);
    await this.#session.transaction(async () => {
      if (plan.schema === 'translate') {
        await dropStatements(this.#session, plan);
        await this.#session.query(`drop table ${quoteNames(names)}`);
      } else {
        await dropCircles(this.#session, plan);
        for (const name of names.toReversed()) await this.#session.query(`delete from ${quoteName(name)}`);
      }
      for (const name of names) await forgetTable(this.#session, name);
      const own = tables.flatMap((table) => [
        ...table.statements.map(({ object }) => object),
        analysisOf(table),
      ]);
      await forgetSteps(this.#session, [...plan.statements.map(stepOf), ...own]);
    });
  }

  async #copyAll(
    plan: TransferPlan,
    done: ReadonlyMap<string, TableProgress>,
    steps: ReadonlyMap<string, string | null>,
    findings: readonly Finding[],
  ): Promise<TransferReport> {
    const progress = new Map(done);
    const { target, targetSchema, jobs = DEFAULT_JOBS, verify = true, analyze = true } = this.#options;
    await copyTables({
      pool: this.#pool,
      plan,
      target,
      targetSchema,
      jobs,
      isSummed: verify,
      isAnalyzed: analyze,
      progress,
      steps,
      onProgress: (table, rows, totalRows) => this.#report('copy', table, rows, totalRows),
    }).catch((error: unknown) => {
      throw error instanceof ConnectionError ? interrupted(error) : error;
    });
    await this.#runStatements(plan, steps);
    const verified = verify ? await this.#verify(plan, progress) : [];
    await finishState(this.#session);
    const tables = plan.tables.map(({ target }) => transferred(target, progress.get(target)));
    const untranslated = [...plan.untranslated, ...(await readRefusals(this.#session))];
    const outcome = verified.every(({ isEqual }) => isEqual) ? 'done' : 'different';
    return report({ outcome, findings, plan, tables, verified, untranslated });
  }

  async #runStatements(plan: TransferPlan, steps: ReadonlyMap<string, string | null>): Promise<void> {
    this.#report('finish', undefined, 0, undefined);
    for (const { object, sql } of plan.statements) {
      const step = stepOf({ object, sql });
      if (steps.has(step)) continue;
      await this.#session.transaction(async () => {
        const refusal = await this.#session.attempt(async () => {
          await this.#session.query(sql);
        });
        await recordStep(this.#session, step, sql, refusal?.message ?? null);
      });
    }
  }

  async #verify(plan: TransferPlan, progress: ReadonlyMap<string, TableProgress>): Promise<VerifiedTable[]> {
    const totalRows = [...progress.values()].reduce((sum, { rows }) => sum + rows, 0);
    this.#report('verify', undefined, 0, totalRows);
    const verified: VerifiedTable[] = [];
    for (const table of plan.tables) {
      const reading = readingOf(plan, table);
      const known = progress.get(table.target)?.sums;
      const onProgress = (rows: number): void => this.#report('verify', table.target, rows, totalRows);
      verified.push(
        await verifyTable(reading, sqliteSide(this.#pool), postgresSide(this.#session), known, onProgress),
      );
    }
    return verified;
  }

  #report(
    phase: TransferPhase,
    table: string | undefined,
    rows: number,
    totalRows: number | undefined,
  ): void {
    this.#options.onProgress?.({ phase, table, rows, totalRows });
  }
}

/** Two foreign keys of a table may be called the same. */
function stepOf({ object, sql }: PlannedStatement): string {
  return `${object}: ${sql}`;
}

function withoutSums(tables: TransferState['tables']): Map<string, TableProgress> {
  return new Map([...tables].map(([table, progress]) => [table, { ...progress, sums: undefined }]));
}

/** What a report says of a table. */
export function transferred(table: string, progress: TableProgress | undefined): TransferredTable {
  const { rows = 0, quarantined = 0, converted = 0 } = progress ?? {};
  return { table, rows, quarantined, converted };
}

function report(
  parts: Pick<TransferReport, 'findings' | 'outcome' | 'plan'> & Partial<TransferReport>,
): TransferReport {
  return { tables: [], verified: [], untranslated: [], ...parts };
}

function interrupted(cause: ConnectionError): ConnectionError {
  const message =
    'The connection to PostgreSQL was lost. The tables that are done stay: run the same command with --resume.';
  return new ConnectionError('connection_lost', message, { cause });
}
