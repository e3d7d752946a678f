import { existsSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { basename } from 'node:path';
import Sqlite from 'better-sqlite3';
import { type Finding, isClear } from '../plan/finding.js';
import type { Policies } from '../plan/policies.js';
import type { TransferPlan, Untranslated } from '../plan/transfer-plan.js';
import { PostgresSession } from '../postgres/session.js';
import { readUntranslated } from '../postgres/table-objects.js';
import { ReaderPool } from '../reader/reader-pool.js';
import { type TableReading, unplannedReading } from '../reader/table-reading.js';
import { interrupted, refused } from '../run/refusals.js';
import { toTransferError } from '../run/transfer-error.js';
import { progressReporter, type ReportProgress, type TransferProgress } from '../run/transfer-progress.js';
import { outcomeOf, reportOf, type TransferReport, transferred } from '../run/transfer-report.js';
import { verifyCopied } from '../run/verify-copied.js';
import { createBackState, dropBackState, readBackState, tablesDigest } from '../state/sqlite-state.js';
import type { TableProgress } from '../state/table-progress.js';
import { isUnchanged, postgresSide, sqliteSide, type VerifySide } from '../verify/verify-side.js';
import type { VerifiedTable } from '../verify/verify-table.js';
import { readingOfBack } from './columns.js';
import { copyBackTable } from './copy-table.js';
import { assertForeignKeys, checkOrphans } from './orphans.js';
import { checkBackTable } from './problems.js';
import { refreshQuarantine } from './quarantine.js';
import { BackRows } from './rows.js';
import { type BackTable, readBackTables } from './table.js';

export interface TransferBackOptions {
  /** `postgres://…`. */
  readonly source: string;
  /** Path of the SQLite file. It must not exist, unless `replace` is set. */
  readonly target: string;
  readonly sourceSchema?: string | undefined;
  /**
   * `out-of-range`: `quarantine` or `convert:to-null`. `too-large`: `convert:to-null`. `orphan`: `quarantine` or `convert:not-valid`. The way
   * back has no other kinds.
   */
  readonly policies?: Policies;
  /** Tables to skip. */
  readonly exclude?: readonly string[];
  /** Resumes an interrupted transfer. Default: false. */
  readonly resume?: boolean;
  /** Overwrites the file, and the file of an interrupted transfer. Default: false. */
  readonly replace?: boolean;
  /** Checks every value, lists what is not translated, and writes nothing. Default: false. */
  readonly dryRun?: boolean;
  /** Compares every row of both sides after the copy. Default: true. */
  readonly verify?: boolean;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: (progress: TransferProgress) => void;
}

/**
 * Moves one snapshot of a PostgreSQL database into a new SQLite file, as Sluice's SQLite driver declares and stores it. The file is called
 * `FILE.partial` until all is copied and verified. Each table is copied and recorded in one transaction, so that `resume` can continue a
 * transfer that was interrupted at any point: it keeps the tables whose rows are unchanged, and copies the others again.
 *
 * @throws ConfigurationError when the target or the options do not allow the transfer; ConnectionError when the connection is lost;
 * StorageFullError.
 */
export async function transferBack(options: TransferBackOptions): Promise<TransferReport> {
  const partial = `${options.target}.partial`;
  assertTarget(options, partial);
  const session = await PostgresSession.connect(options.source, options.sourceSchema);
  try {
    await session.query('begin isolation level repeatable read, read only');
    const report = await new TransferBack(session, partial, options).run();
    if (report.outcome !== 'done') return report;
    await removeFile(options.target);
    await rename(partial, options.target);
    return report;
  } catch (error) {
    throw toTransferError(error);
  } finally {
    await session.close();
  }
}

function assertTarget(
  { target, resume = false, replace = false, dryRun = false }: TransferBackOptions,
  partial: string,
): void {
  if (replace || dryRun) return;
  if (existsSync(target)) throw refused(`"${target}" exists. Give another path, or add --replace.`);
  if (!resume && existsSync(partial)) throw interrupted(`"${target}"`);
}

async function removeFile(path: string): Promise<void> {
  await Promise.all(['', '-wal', '-shm'].map((end) => rm(path + end, { force: true })));
}

/**
 * The way back writes into a new file of its own: it needs no lock, and the file's name tells whether it is complete. The way there writes into
 * a database that others use too, and locks it.
 */
class TransferBack {
  readonly #session: PostgresSession;
  readonly #path: string;
  readonly #options: TransferBackOptions;
  readonly #policies: Policies;
  readonly #report: ReportProgress;

  constructor(session: PostgresSession, path: string, options: TransferBackOptions) {
    this.#session = session;
    this.#path = path;
    this.#options = options;
    this.#policies = options.policies ?? {};
    this.#report = progressReporter(options.onProgress);
  }

  async run(): Promise<TransferReport> {
    const tables = await readBackTables(this.#session, this.#options.exclude ?? []);
    const rows = new BackRows(tables, this.#policies);
    const { findings, totalRows } = await this.#check(tables, rows);
    const untranslated: Untranslated[] = await readUntranslated(this.#session);
    if (!isClear({ findings })) return this.#reportOf('refused', { findings });
    if (this.#options.dryRun === true) return this.#reportOf('planned', { findings, untranslated });
    const source = this.#source(tables, rows);
    const done = await this.#begin(tables, rows, source, untranslated);
    const progress = await this.#copy(tables, rows, done, findings, totalRows);
    const verified = this.#options.verify === false ? [] : await this.#verify(tables, source, progress);
    const outcome = outcomeOf(verified);
    if (outcome === 'done') this.#finish();
    return this.#reportOf(outcome, {
      findings,
      untranslated,
      verified,
      tables: tables.map(({ table: { name } }) => transferred(name, progress.get(name))),
    });
  }

  /** The report has an empty plan: the way back creates the tables as the driver declares them, without a plan. */
  #reportOf(outcome: TransferReport['outcome'], parts: Partial<TransferReport>): TransferReport {
    const plan: TransferPlan = {
      version: 1,
      source: { file: basename(this.#path), fingerprint: '' },
      schema: 'translate',
      policies: this.#policies,
      tables: [],
      statements: [],
      untranslated: parts.untranslated ?? [],
    };
    return reportOf({ outcome, plan, ...parts });
  }

  /** Finds the values that SQLite cannot hold, and the orphans, before anything is written. */
  async #check(
    tables: readonly BackTable[],
    rows: BackRows,
  ): Promise<{ readonly findings: readonly Finding[]; readonly totalRows: number }> {
    this.#report('audit');
    const findings: Finding[] = [];
    let totalRows = 0;
    for (const back of tables) {
      const checked = await checkBackTable(this.#session, back, this.#policies);
      findings.push(...checked.findings, ...(await checkOrphans(this.#session, rows, back)));
      totalRows += checked.rows;
    }
    return { findings, totalRows };
  }

  /** Creates the file, or finds in the file of an interrupted transfer the tables that are done and unchanged. */
  async #begin(
    tables: readonly BackTable[],
    rows: BackRows,
    source: VerifySide,
    untranslated: Untranslated[],
  ): Promise<Map<string, TableProgress>> {
    const digest = tablesDigest(
      tables,
      tables.map((back) => rows.select(back)),
    );
    const state = this.#options.resume === true ? readBackState(this.#path) : undefined;
    if (state !== undefined && state.digest !== digest) {
      throw refused(
        'The tables of the source, or the policies, are not those of the transfer that was interrupted. Add --replace to begin again.',
      );
    }
    const done = new Map<string, TableProgress>();
    if (state !== undefined) untranslated.splice(0, Infinity, ...state.untranslated);
    else {
      await removeFile(this.#path);
      // Loaded here, because the way there needs neither Kysely nor the driver.
      const { createBackTables } = await import('./create-tables.js');
      await createBackTables(this.#path, tables, untranslated);
      this.#withFile((database) => createBackState(database, digest, untranslated));
    }
    for (const back of tables) {
      const progress = state?.tables.get(back.table.name);
      if (progress?.sums === undefined) continue;
      if (await isUnchanged(source, readingOf(back), progress.sums)) done.set(back.table.name, progress);
    }
    return done;
  }

  /** The source of the comparison: its rows as the policies convert and select them. */
  #source(tables: readonly BackTable[], rows: BackRows): VerifySide {
    const selects = new Map(tables.map((back) => [back.table.name, rows.select(back)]));
    return postgresSide(
      this.#session,
      ({ source }) => `copy (${selects.get(source)}) to stdout (format binary)`,
    );
  }

  /** Copies each table in a transaction. Foreign keys are checked at the end, because the tables are not sorted. */
  async #copy(
    tables: readonly BackTable[],
    rows: BackRows,
    done: ReadonlyMap<string, TableProgress>,
    findings: readonly Finding[],
    totalRows: number,
  ): Promise<Map<string, TableProgress>> {
    const progress = new Map<string, TableProgress>();
    this.#report('copy', totalRows);
    const database = new Sqlite(this.#path);
    try {
      database.pragma('journal_mode = wal');
      database.pragma('synchronous = normal');
      database.pragma('foreign_keys = off');
      for (const back of tables) {
        const { name } = back.table;
        const input = { session: this.#session, database, rows, back, signal: this.#options.signal };
        const onProgress = (copied: number): void => this.#report('copy', totalRows, name, copied);
        const earlier = done.get(name);
        const copied =
          earlier === undefined
            ? await copyBackTable({ ...input, onProgress })
            : await refreshQuarantine(input, earlier);
        progress.set(name, copied);
      }
      assertForeignKeys(database, findings);
      return progress;
    } finally {
      database.close();
    }
  }

  /** Removes the state, and writes the file to disk before it is renamed. */
  #finish(): void {
    this.#withFile((database) => {
      database.pragma('synchronous = full');
      dropBackState(database);
      database.pragma('wal_checkpoint(truncate)');
    });
  }

  #withFile(work: (database: Sqlite.Database) => void): void {
    const database = new Sqlite(this.#path);
    try {
      work(database);
    } finally {
      database.close();
    }
  }

  async #verify(
    tables: readonly BackTable[],
    source: VerifySide,
    progress: ReadonlyMap<string, TableProgress>,
  ): Promise<VerifiedTable[]> {
    const pool = await ReaderPool.open(this.#path, 2);
    try {
      return await verifyCopied(tables.map(readingOf), source, sqliteSide(pool), progress, this.#report);
    } finally {
      await pool.close();
    }
  }
}

/** How to read the table in the new file, for the comparison. */
function readingOf({ table, columns }: BackTable): TableReading {
  return unplannedReading(table.name, table.primaryKey.length, columns.map(readingOfBack));
}
