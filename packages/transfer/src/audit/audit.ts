import { basename } from 'node:path';
import { CorruptError } from '@sluice/core/errors';
import { type Finding, finding } from '../plan/finding.js';
import { makePlan } from '../plan/make-plan.js';
import { readingOf } from '../plan/planned-reading.js';
import { type Policies, policyOf } from '../plan/policies.js';
import type { TransferPlan } from '../plan/transfer-plan.js';
import { addProfile, emptyProfile } from '../reader/column-profile.js';
import { addUpMisfits } from '../reader/encoded-sums.js';
import { ReaderPool } from '../reader/reader-pool.js';
import type { TableProfile } from '../reader/reader-protocol.js';
import type { SourceSchema, SourceTable } from '../source/schema.js';
import { quoteText } from '../sql/quote.js';
import { findLongKeys } from './long-keys.js';
import { misfitFinding } from './misfit-finding.js';
import { columnNotes, MAX_COLUMNS, schemaFindings } from './schema-findings.js';

/** The result of an audit. */
export interface AuditReport {
  readonly file: string;
  readonly sizeBytes: number;
  readonly journalMode: string;
  readonly tables: readonly { readonly name: string; readonly rows: number }[];
  readonly findings: readonly Finding[];
  /** The plan that a transfer would follow. */
  readonly plan: TransferPlan;
}

export interface AuditOptions {
  readonly policies?: Policies;
  /** Also compares indexes with their tables, which reads the whole file once more. Default: false. */
  readonly integrity?: boolean;
  /** Tables to skip. */
  readonly exclude?: readonly string[];
  /** A plan to check the rows against. Default: the audit makes one. */
  readonly plan?: TransferPlan | undefined;
  readonly onProgress?: (progress: { readonly table: string; readonly rows: number }) => void;
}

/**
 * Audits a SQLite file: finds every value and object that cannot be moved to PostgreSQL unchanged. It reads one snapshot, on several threads.
 *
 * @throws ConfigurationError or CorruptError when the file cannot be read at all.
 */
export async function auditFile(path: string, options: AuditOptions = {}): Promise<AuditReport> {
  const pool = await ReaderPool.open(path, READERS);
  try {
    return await auditPool(pool, path, options);
  } finally {
    await pool.close();
  }
}

const READERS = 2;

/** Audits the snapshot of `pool`. */
export async function auditPool(
  pool: ReaderPool,
  path: string,
  options: AuditOptions = {},
): Promise<AuditReport> {
  const { policies = {} } = options;
  const schema = without(await pool.readSchema(), options.exclude ?? []);
  const damage: Finding[] = [];
  const profiles = await profileTables(pool, schema, damage, options);
  const made = makePlan({
    file: basename(path),
    fingerprint: pool.fingerprint,
    schema,
    profiles,
    policies,
  });
  const plan = options.plan === undefined ? made.plan : refresh(options.plan, made.plan);
  const findings = options.plan === undefined ? made.findings : [];
  const misfits = await checkTables(pool, plan, options.plan === undefined ? profiles : undefined, damage);
  const orphans = await findOrphans(pool, schema, policies, damage);
  const longKeys = await findLongKeys({ pool, schema, profiles, plan, made: made.plan });
  const integrity = options.integrity === true ? await checkIntegrity(pool) : [];
  return {
    file: path,
    sizeBytes: schema.sizeBytes,
    journalMode: schema.journalMode,
    tables: schema.tables.map(({ name }) => ({ name, rows: profiles.get(name)?.rows ?? 0 })),
    findings: [
      ...damage,
      ...integrity,
      ...findings,
      ...misfits,
      ...orphans,
      ...longKeys,
      ...schemaFindings(schema, profiles),
      ...columnNotes(schema, profiles, plan),
    ],
    plan,
  };
}

/** The given plan with the current measurements, because the source may have grown since. */
function refresh(plan: TransferPlan, made: TransferPlan): TransferPlan {
  const tables = plan.tables.map((table) => {
    const now = made.tables.find(({ source }) => source === table.source);
    if (now === undefined) return table;
    const { rows, hasBigIntegers, batchRows } = now;
    return { ...table, rows, hasBigIntegers, batchRows };
  });
  return { ...plan, source: made.source, tables };
}

/** Checks every row against a plan, and returns the values that do not fit. */
export async function checkPlan(pool: ReaderPool, plan: TransferPlan): Promise<Finding[]> {
  const damage: Finding[] = [];
  const misfits = await checkTables(pool, plan, undefined, damage);
  return [...damage, ...misfits];
}

function without(schema: SourceSchema, exclude: readonly string[]): SourceSchema {
  const names = new Set(exclude.map((name) => name.toLowerCase()));
  return { ...schema, tables: schema.tables.filter(({ name }) => !names.has(name.toLowerCase())) };
}

async function profileTables(
  pool: ReaderPool,
  { tables }: SourceSchema,
  damage: Finding[],
  { onProgress }: AuditOptions,
): Promise<Map<string, TableProfile>> {
  const profiles = await Promise.all(
    tables.map(async (table) => [table.name, await profileTable(pool, table, damage, onProgress)] as const),
  );
  return new Map(profiles.flatMap(([name, profile]) => (profile === undefined ? [] : [[name, profile]])));
}

async function profileTable(
  pool: ReaderPool,
  table: SourceTable,
  damage: Finding[],
  onProgress: AuditOptions['onProgress'],
): Promise<TableProfile | undefined> {
  // Such a table is refused anyway, and SQLite itself cannot read more than 2,000 columns at once.
  if (table.columns.length > MAX_COLUMNS) return undefined;
  const reading = {
    source: table.name,
    rowidName: table.rowidName,
    keyColumns: table.primaryKey,
    columns: table.columns.map(({ name, declaredType }) => ({ name, declaredType })),
  };
  try {
    const parts = await pool.parts(table.name, table.rowidName);
    const events = { onProgress: (rows: number) => onProgress?.({ table: table.name, rows }) };
    const profiles = await Promise.all(
      parts.map((range) => pool.run('profile', { table: reading, range }, events)),
    );
    return sumProfiles(table, profiles);
  } catch (error) {
    if (!isDamage(error)) throw error;
    damage.push(damageFinding(table.name, error));
    return undefined;
  }
}

function sumProfiles(table: SourceTable, profiles: readonly TableProfile[]): TableProfile {
  const columns = table.columns.map(emptyProfile);
  for (const profile of profiles) {
    profile.columns.forEach((part, index) => {
      const column = columns[index];
      if (column !== undefined) addProfile(column, part);
    });
  }
  return { rows: profiles.reduce((sum, { rows }) => sum + rows, 0), columns };
}

/** Whether the rows of a table cannot be read: a page is damaged, or a column needs a function of the application. */
function isDamage(error: unknown): error is Error {
  return error instanceof CorruptError || (error instanceof Error && /SQLITE_ERROR/.test(error.message));
}

function damageFinding(table: string, error: Error): Finding {
  return finding({
    severity: 'problem',
    kind: 'unreadable',
    table,
    message: `The rows cannot all be read: ${error.message}`,
    advice: 'recover the file first (sqlite3 FILE .recover), or leave the table out with --exclude',
  });
}

/** Encodes, as a transfer does, the tables in which a value may not fit; all tables if there are no profiles. */
async function checkTables(
  pool: ReaderPool,
  plan: TransferPlan,
  profiles: ReadonlyMap<string, TableProfile> | undefined,
  damage: Finding[],
): Promise<Finding[]> {
  const found = await Promise.all(
    plan.tables.map(async (planned) => {
      const profile = profiles?.get(planned.source);
      if (profile !== undefined && !mayMisfit(planned.columns, profile)) return [];
      const reading = { ...readingOf({ ...plan, policies: {} }, planned), exceptSql: undefined };
      try {
        const checked = await pool.encode({ table: reading, mode: 'check', isSummed: false });
        const misfits = addUpMisfits(checked);
        return misfits.map((misfit) => misfitFinding(planned, misfit, plan.policies));
      } catch (error) {
        if (!isDamage(error)) throw error;
        damage.push(damageFinding(planned.source, error));
        return [];
      }
    }),
  );
  return found.flat();
}

/** Whether a value of the table may not fit: in some column, not all values have the storage class and form of its type. */
function mayMisfit(
  columns: TransferPlan['tables'][number]['columns'],
  { columns: profiles }: TableProfile,
): boolean {
  return columns.some((column, index) => {
    const profile = profiles[index];
    if (profile === undefined) return false;
    const { nulls, integers, reals, texts, blobs, nulTexts, invalidTexts, infinite } = profile;
    if ((column.isNotNull && nulls > 0) || nulTexts > 0 || invalidTexts > 0 || infinite > 0) return true;
    if (blobs > 0 && profile.blobBytes > BIG) return true;
    const values = integers + reals + texts + blobs;
    if (values === 0) return false;
    if (/^(?:text|varchar)/.test(column.type)) return texts !== values || profile.textLength * 3 > BIG;
    if (column.type === 'bytea') return blobs !== values;
    if (/^(?:smallint|integer|bigint)$/.test(column.type)) return integers !== values;
    return column.type !== 'double precision' || reals + integers !== values;
  });
}

const BIG = 32 * 1024 * 1024;

/** Maximum of orphans to read from one table. */
const MOST_ORPHANS = 1_000_000;

async function findOrphans(
  pool: ReaderPool,
  schema: SourceSchema,
  policies: Policies,
  damage: Finding[],
): Promise<Finding[]> {
  const found: Finding[] = [];
  for (const table of schema.tables.filter(({ foreignKeys }) => foreignKeys.length > 0)) {
    const sql = `select "table", rowid, parent, fkid from pragma_foreign_key_check(${quoteText(table.name)})`;
    try {
      const rows = await pool.run('query', { sql, limit: MOST_ORPHANS });
      if (rows.length > 0) found.push(orphanFinding(table.name, rows, policies));
    } catch (error) {
      // SQLite cannot check a foreign key whose parent has no unique index. PostgreSQL will refuse it, and the report lists it.
      if (!isDamage(error) && !(error instanceof Error && /mismatch/.test(error.message))) throw error;
      const isKnown = damage.some((known) => known.table === table.name);
      if (error instanceof CorruptError && !isKnown) damage.push(damageFinding(table.name, error));
    }
  }
  return found;
}

function orphanFinding(table: string, rows: readonly unknown[][], policies: Policies): Finding {
  const action = policyOf(policies, 'orphan', table);
  const parents = [...new Set(rows.map(([, , parent]) => String(parent)))].join(', ');
  return finding({
    severity: 'problem',
    kind: 'orphan',
    table,
    count: rows.length,
    keys: rows.slice(0, 5).map(([, rowid]) => `rowid = ${rowid ?? 'unknown'}`),
    message: `Foreign keys refer to rows of ${parents} that do not exist${rows.length < MOST_ORPHANS ? '' : '; there may be more than were counted'}.`,
    advice: 'quarantine the rows, or convert:not-valid to leave the foreign key unchecked for existing rows',
    settledBy: action === 'quarantine' || action === 'convert:not-valid' ? action : undefined,
  });
}

/** Runs the integrity check, which some kinds of damage end with an error. */
async function integrityMessages(pool: ReaderPool): Promise<string[]> {
  try {
    const rows = await pool.run('query', { sql: 'pragma integrity_check(20)', limit: 20 });
    return rows.map(([message]) => String(message)).filter((message) => message !== 'ok');
  } catch (error) {
    if (error instanceof CorruptError) return [error.message];
    throw error;
  }
}

/** Damaged indexes do not affect a transfer, which reads tables only, but the user should know of them. */
async function checkIntegrity(pool: ReaderPool): Promise<Finding[]> {
  const messages = await integrityMessages(pool);
  return messages.map((message) =>
    finding({
      severity: 'note',
      kind: 'damaged',
      message: `The integrity check says: ${message}`,
      advice: 'REINDEX mends an index',
    }),
  );
}
