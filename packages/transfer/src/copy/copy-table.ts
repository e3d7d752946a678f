import { UnsupportedError } from '@sluice/core/errors';
import { readingOf } from '../plan/planned-reading.js';
import type { PlannedTable, TransferPlan } from '../plan/transfer-plan.js';
import { CopyInStream } from '../postgres/copy-in-stream.js';
import type { PostgresSession } from '../postgres/session.js';
import { copyInSql, createTableSql } from '../postgres/table-sql.js';
import { addUp } from '../reader/encoded-sums.js';
import type { ReaderPool } from '../reader/reader-pool.js';
import type { EncodedRows, EncodeMode } from '../reader/reader-protocol.js';
import type { TableReading } from '../reader/table-reading.js';
import { quoteName, quoteText } from '../sql/quote.js';
import { COPY_QUARANTINE_SQL, recordQuarantined, recordTable, runStep } from '../state/postgres-state.js';
import type { TableProgress } from '../state/table-progress.js';

export interface CopyTableInput {
  readonly pool: ReaderPool;
  readonly session: PostgresSession;
  readonly plan: TransferPlan;
  readonly table: PlannedTable;
  /** Whether to hash the rows during the copy, for the verification. */
  readonly isSummed: boolean;
  /** Whether the readers lower their priority: a larger table is copied at the same time. */
  readonly isLowPriority: boolean;
  readonly onProgress?: ((rows: number) => void) | undefined;
}

/**
 * Creates a table, copies its rows, creates its keys and indexes, and records that it is done, all in one transaction: after a crash the table
 * exists with its record, or not at all.
 */
export async function copyTable(input: CopyTableInput): Promise<TableProgress> {
  const { session, plan, table } = input;
  return session.transaction(async () => {
    const isCreated = plan.schema === 'translate';
    if (isCreated) await session.query(createTableSql(table));
    const progress = await copyRows(input, isCreated);
    if (isCreated) await runStatements(session, table);
    await setIdentity(session, table);
    await recordTable(session, table.target, progress);
    return progress;
  });
}

async function copyRows(input: CopyTableInput, isCreated: boolean): Promise<TableProgress> {
  const { session, plan, table, isSummed } = input;
  const reading = readingOf(plan, table);
  const stored = reading.columns.slice(0, reading.columns.length - reading.generatedCount);
  const columns = stored.map(({ target }) => target);
  const results = await send(input, reading, 'copy', copyInSql(table.target, columns, isCreated));
  const orphans = reading.exceptSql === undefined ? 0 : await copyOrphans(input, reading);
  const quarantined = total(results, 'quarantined');
  if (quarantined > 0) await send(input, reading, 'rejects', COPY_QUARANTINE_SQL);
  const rows = total(results, 'rows');
  await assertRows(session, table, rows, isCreated);
  return {
    rows,
    quarantined: quarantined + orphans,
    converted: total(results, 'converted'),
    sums: isSummed ? addUp(results) : undefined,
  };
}

function total(parts: readonly EncodedRows[], what: 'converted' | 'quarantined' | 'rows'): number {
  return parts.reduce((sum, part) => sum + part[what], 0);
}

/** Sends the rows of a table in one COPY. */
async function send(
  { pool, session, isSummed, isLowPriority, onProgress }: CopyTableInput,
  reading: TableReading,
  mode: EncodeMode,
  sql: string,
): Promise<EncodedRows[]> {
  const encoding = { table: reading, mode, isSummed: isSummed && mode === 'copy', isLowPriority };
  const stream = new CopyInStream(session, sql);
  try {
    const events = {
      onChunk: (bytes: Buffer) => stream.write(bytes),
      onProgress: mode === 'copy' ? onProgress : undefined,
    };
    const results = await pool.encode(encoding, events);
    await stream.finish();
    return results;
  } catch (error) {
    await stream.abandon();
    throw error;
  }
}

/** Copies orphan rows into quarantine. */
async function copyOrphans({ pool, session, table }: CopyTableInput, reading: TableReading): Promise<number> {
  const columns = reading.columns.map(({ source }) => quoteName(source)).join(', ');
  const rows = await pool.run('query', {
    sql: `select ${columns} from ${quoteName(table.source)} where ${reading.exceptSql}`,
    limit: MAX_ORPHANS + 1,
    isLossless: true,
  });
  if (rows.length > MAX_ORPHANS) throw tooManyOrphans(table);
  for (const values of rows) {
    const content = Object.fromEntries(reading.columns.map(({ source }, index) => [source, values[index]]));
    const key = reading.columns
      .slice(0, reading.keyCount)
      .map(({ source }) => `${source} = ${printKeyValue(content[source])}`)
      .join(', ');
    await recordQuarantined(session, {
      table_name: table.target,
      row_key: key,
      column_name: '',
      reason: 'orphan',
      content: JSON.stringify(content),
    });
  }
  return rows.length;
}

/** Prints a lossless value in the format of every other key in quarantine. */
function printKeyValue(value: unknown): string {
  const [[kind, text] = ['null', 'NULL']] = Object.entries((value ?? {}) as Record<string, string>);
  if (kind === 'text') return JSON.stringify(text.slice(0, 40));
  return kind.endsWith('_hex') ? `x'${text.slice(0, 40)}'` : text;
}

/** Limit of orphans of one table, which are all in memory at once. */
const MAX_ORPHANS = 1_000_000;

function tooManyOrphans({ source }: PlannedTable): UnsupportedError {
  return new UnsupportedError(
    `More than ${MAX_ORPHANS.toLocaleString('en')} rows of ${quoteName(source)} are orphans, too many to quarantine; nothing of the table was written. Use the policy convert:not-valid for its orphans, or mend the source.`,
  );
}

/** Checks that no trigger or rule of an existing table has dropped rows. */
async function assertRows(
  session: PostgresSession,
  table: PlannedTable,
  rows: number,
  isCreated: boolean,
): Promise<void> {
  if (isCreated) return;
  const [count] = await session.query<{ count: string }>(`select count(*) from ${quoteName(table.target)}`);
  if (Number(count?.count) === rows) return;
  throw new Error(
    `${quoteName(table.target)} took ${count?.count} of ${rows} rows: it has triggers or rules of its own.`,
  );
}

/** Creates keys, CHECKs and indexes. Records each statement, with the refusal of the server if it refuses it. */
async function runStatements(session: PostgresSession, table: PlannedTable): Promise<void> {
  for (const { object, sql } of table.statements) await runStep(session, object, sql);
}

/** Sets the identity's next number, above the last one of AUTOINCREMENT and above every stored one. */
async function setIdentity(session: PostgresSession, table: PlannedTable): Promise<void> {
  const column = table.columns.find(({ identityNext }) => identityNext !== null);
  if (column === undefined || BigInt(column.identityNext ?? 1) > 2n ** 63n - 1n) return;
  const name = quoteName(column.target);
  await session.query(
    `select setval(pg_get_serial_sequence(${quoteText(quoteName(table.target))}, ${quoteText(column.target)}),
       greatest((select coalesce(max(${name}), 0) + 1 from ${quoteName(table.target)}), ${BigInt(column.identityNext ?? 1)}), false)`,
  );
}
