import { AbortedError, ConnectionError } from '@sluice/core/errors';
import { type AuditReport, auditPool, checkPlan } from '../audit/audit.js';
import { type Finding, isClear } from '../plan/finding.js';
import { isChecked, markChecked } from '../plan/plan-digest.js';
import { readingOf } from '../plan/planned-reading.js';
import type { PlannedStatement, PlannedTable, TransferPlan } from '../plan/transfer-plan.js';
import { planForExisting } from '../postgres/existing-schema.js';
import type { PostgresSession } from '../postgres/session.js';
import type { ReaderPool } from '../reader/reader-pool.js';
import { interrupted, refused } from '../run/refusals.js';
import { toTransferError } from '../run/transfer-error.js';
import { progressReporter, type ReportProgress } from '../run/transfer-progress.js';
import { outcomeOf, reportOf, type TransferReport, transferred } from '../run/transfer-report.js';
import { verifyCopied } from '../run/verify-copied.js';
import { quoteName, quoteNames } from '../sql/quote.js';
import {
  createState,
  finishState,
  forgetSteps,
  forgetTable,
  readRefusals,
  readSteps,
  runStep,
  type TransferState,
} from '../state/postgres-state.js';
import type { TableProgress } from '../state/table-progress.js';
import { isUnchanged, postgresSide, sqliteSide } from '../verify/verify-side.js';
import { analysisOf, copyTables } from './copy-tables.js';
import { dropCutForeignKeys, dropStatements } from './drop-statements.js';
import { dropTables, givenPlan, openTarget, rehearseOn, type Target } from './open-target.js';
import { DEFAULT_JOBS, type TransferOptions } from './transfer-options.js';

/** Runs a transfer. It opens the target while the readers are opening. */
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
  readonly #report: ReportProgress;

  constructor(pool: ReaderPool, session: PostgresSession, options: TransferOptions) {
    this.#pool = pool;
    this.#session = session;
    this.#options = options;
    this.#report = progressReporter(options.onProgress);
  }

  async run({ state, rehearsed }: Target): Promise<TransferReport> {
    const { dryRun = false, resume = false, replace = false } = this.#options;
    if (state !== undefined && resume) return this.#resume(state);
    if (state !== undefined && !replace && !dryRun) {
      throw state.isFinished
        ? refused(
            'A transfer into this database was made already. Add --replace to make it again from the beginning.',
          )
        : interrupted('this database');
    }
    return this.#begin(rehearsed);
  }

  async #begin(rehearsed: TransferPlan | undefined): Promise<TransferReport> {
    const audited = await this.#makePlan();
    const { findings } = audited;
    if (!isClear(audited)) return reportOf({ outcome: 'refused', findings, plan: audited.plan });
    if (this.#options.schema === 'existing') return this.#beginExisting(audited.plan);
    this.#report('rehearse');
    // The given plan is rehearsed already. It is still valid if the source has not changed since.
    const isRehearsed = rehearsed?.source.fingerprint === this.#pool.fingerprint;
    const plan = isRehearsed ? rehearsed : await rehearseOn(this.#session, audited.plan, this.#options);
    if (this.#options.dryRun === true) {
      return reportOf({
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

  /** Begins a transfer into existing tables: their types replace the planned ones, so every value is checked again. */
  async #beginExisting(audited: TransferPlan): Promise<TransferReport> {
    const plan = await planForExisting(this.#session, audited);
    const findings = await checkPlan(this.#pool, plan);
    if (!isClear({ findings })) return reportOf({ outcome: 'refused', findings, plan });
    if (this.#options.dryRun === true) return reportOf({ outcome: 'planned', findings, plan });
    await this.#session.transaction(async () => {
      await dropCutForeignKeys(this.#session, plan);
      await createState(this.#session, plan);
    });
    return this.#copyAll(plan, new Map(), new Map(), findings);
  }

  async #makePlan(): Promise<Pick<AuditReport, 'findings' | 'plan'>> {
    const { source, policies, plan, exclude = [] } = this.#options;
    const given = givenPlan(this.#options);
    this.#report('audit');
    if (given !== undefined && isChecked(given, this.#pool.fingerprint)) return { plan: given, findings: [] };
    return auditPool(this.#pool, source, {
      policies: { ...plan?.policies, ...policies },
      exclude,
      plan: given,
      onProgress: ({ table, rows }) => this.#report('audit', undefined, table, rows),
    });
  }

  /** Resumes a transfer. Tables that are done are kept if the source has the same rows, and copied again if not. */
  async #resume(state: TransferState): Promise<TransferReport> {
    const { plan } = state;
    // Only the comparison is left. It reads the source again, which may have changed since.
    if (state.isFinished) return this.#copyAll(plan, withoutSums(state.tables), state.steps, []);
    const changed = await this.#changed(state);
    if (changed.length > 0) await this.#discard(plan, changed);
    const done = new Map(state.tables);
    for (const { target } of changed) done.delete(target);
    return this.#copyAll(plan, done, await readSteps(this.#session), []);
  }

  /**
   * Copied tables that differ from the source. Existing tables have foreign keys, so all tables after the first changed one are copied again
   * too: their rows may refer to its rows, and would prevent that these are deleted, or be deleted with them.
   */
  async #changed({ plan, tables }: TransferState): Promise<PlannedTable[]> {
    const changed: PlannedTable[] = [];
    for (const table of plan.tables) {
      const progress = tables.get(table.target);
      if (progress === undefined) continue;
      const mustFollow = plan.schema === 'existing' && changed.length > 0;
      if (mustFollow || !(await this.#isUnchanged(plan, table, progress))) changed.push(table);
    }
    return changed;
  }

  /** A table that was copied without hashes counts as unchanged only if the whole file is unchanged. */
  async #isUnchanged(plan: TransferPlan, table: PlannedTable, { sums }: TableProgress): Promise<boolean> {
    if (sums === undefined) return this.#pool.fingerprint === plan.source.fingerprint;
    return isUnchanged(sqliteSide(this.#pool), readingOf(plan, table), sums);
  }

  /** Removes copied tables and their records. Existing tables are emptied, children first. */
  async #discard(plan: TransferPlan, tables: readonly PlannedTable[]): Promise<void> {
    const names = tables.map(({ target }) => target);
    await this.#session.transaction(async () => {
      if (plan.schema === 'translate') {
        await dropStatements(this.#session, plan);
        await this.#session.query(`drop table ${quoteNames(names)}`);
      } else {
        await dropCutForeignKeys(this.#session, plan);
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
      onProgress: (table, rows, totalRows) => this.#report('copy', totalRows, table, rows),
    }).catch((error: unknown) => {
      throw error instanceof ConnectionError ? connectionLost(error) : error;
    });
    await this.#runStatements(plan, steps);
    const readings = plan.tables.map((table) => readingOf(plan, table));
    const verified = verify
      ? await verifyCopied(
          readings,
          sqliteSide(this.#pool),
          postgresSide(this.#session),
          progress,
          this.#report,
        )
      : [];
    await finishState(this.#session);
    const tables = plan.tables.map(({ target }) => transferred(target, progress.get(target)));
    const untranslated = [...plan.untranslated, ...(await readRefusals(this.#session))];
    return reportOf({ outcome: outcomeOf(verified), findings, plan, tables, verified, untranslated });
  }

  async #runStatements(plan: TransferPlan, steps: ReadonlyMap<string, string | null>): Promise<void> {
    this.#report('finish');
    for (const { object, sql } of plan.statements) {
      const step = stepOf({ object, sql });
      if (!steps.has(step)) await this.#session.transaction(() => runStep(this.#session, step, sql));
    }
  }
}

/** The name under which a statement is recorded. It contains the SQL, because two foreign keys of a table may have the same name. */
function stepOf({ object, sql }: PlannedStatement): string {
  return `${object}: ${sql}`;
}

function withoutSums(tables: TransferState['tables']): Map<string, TableProgress> {
  return new Map([...tables].map(([table, progress]) => [table, { ...progress, sums: undefined }]));
}

function connectionLost(cause: ConnectionError): ConnectionError {
  const message =
    'The connection to PostgreSQL was lost. The tables that are done stay: run the same command with --resume.';
  return new ConnectionError('connection_lost', message, { cause });
}
