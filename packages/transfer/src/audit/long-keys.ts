import { type Finding, finding } from '../plan/finding.js';
import { policyOf } from '../plan/policies.js';
import type { PlannedTable, TransferPlan } from '../plan/transfer-plan.js';
import type { ReaderPool } from '../reader/reader-pool.js';
import type { TableProfile } from '../reader/reader-protocol.js';
import type { SourceSchema, SourceTable } from '../source/schema.js';
import { quoteName, quoteText } from '../sql/quote.js';

/** The longest entry of a B-tree index, in bytes: a third of a page of 8 kB (postgresql.org/docs/current/btree.html). */
const MAX_ENTRY_BYTES = 2704;

/** The header of an entry, and that of a value with the most bytes of alignment before it. */
const ENTRY_HEADER_BYTES = 8;
const VALUE_HEADER_BYTES = 4;
const ALIGNMENT_BYTES = 3;

/** A value of a type that is never long. */
const SHORT_VALUE_BYTES = 16;

/** Rows whose keys are named. */
const MOST_KEYS = 5;

/** A key or an index of the source, with the columns in it. */
interface SourceKey {
  /** As the plan names the statement that creates it. */
  readonly object: string;
  readonly isUnique: boolean;
  readonly columns: readonly string[];
  readonly whereSql: string | undefined;
}

/** What {@link findLongKeys} needs. */
export interface LongKeySearch {
  readonly pool: Pick<ReaderPool, 'run'>;
  readonly schema: SourceSchema;
  readonly profiles: ReadonlyMap<string, TableProfile>;
  readonly plan: TransferPlan;
  /** The plan that the audit made itself. A statement that the user has changed in `plan` is the user's. */
  readonly made: TransferPlan;
}

/**
 * Finds the rows whose values may be too long for a key or an index in PostgreSQL, which SQLite stores. PostgreSQL compresses the values first, so only
 * the server knows. A key that it refuses would be missing, so that is a problem; a missing index that is not unique is only slow.
 */
export async function findLongKeys(search: LongKeySearch): Promise<Finding[]> {
  const found: Finding[] = [];
  for (const table of search.schema.tables) {
    const planned = search.plan.tables.find(({ source }) => source === table.name);
    const profile = search.profiles.get(table.name);
    if (planned === undefined || profile === undefined) continue;
    for (const key of keysOf(table, planned)) {
      if (!isAsMade(key, planned, search.made) || !mayBeLong(key, table, planned, profile)) continue;
      const { count, keys } = await rowsBeyond(search.pool, key, table, planned);
      if (count > 0) found.push(longKeyFinding(table, key, { count, keys }, search.plan));
    }
  }
  return found;
}

function keysOf(table: SourceTable, { target }: PlannedTable): SourceKey[] {
  const { primaryKey, indexes } = table;
  const own = { object: '', isUnique: true, columns: primaryKey, whereSql: undefined };
  const kinds = ['primary key', 'unique'].map((kind) => ({ ...own, object: `${kind} of ${target}` }));
  const others = indexes.map(({ name, isUnique, parts, whereSql }) => {
    const columns = parts.flatMap(({ column }) => column ?? []);
    return { object: `index ${name}`, isUnique, columns, whereSql };
  });
  return [...(primaryKey.length > 0 ? kinds : []), ...others];
}

function isAsMade({ object }: SourceKey, planned: PlannedTable, made: TransferPlan): boolean {
  const sqlIn = (table: PlannedTable | undefined): string | undefined =>
    table?.statements.find((statement) => statement.object === object)?.sql;
  const sql = sqlIn(planned);
  return sql !== undefined && sql === sqlIn(made.tables.find(({ source }) => source === planned.source));
}

function mayBeLong(
  { columns }: SourceKey,
  table: SourceTable,
  planned: PlannedTable,
  profile: TableProfile,
): boolean {
  const sizes = columns.map((name) => {
    const { textLength = 0, blobBytes = 0 } =
      profile.columns[table.columns.findIndex((column) => column.name === name)] ?? {};
    return isLong(planned, name) ? Math.max(3 * textLength, blobBytes) : 0;
  });
  return sizes.reduce((sum, size) => sum + size, fixedBytes(planned, columns)) > MAX_ENTRY_BYTES;
}

/** Whether the values of a column may be long. */
function isLong({ columns }: PlannedTable, name: string): boolean {
  return /^(?:any|bytea|json|text|varchar)/.test(columns.find(({ source }) => source === name)?.type ?? '');
}

/** The bytes of an entry without those of its long values, at most. */
function fixedBytes(planned: PlannedTable, columns: readonly string[]): number {
  const nulls = columns.length > 1 ? ENTRY_HEADER_BYTES : 0;
  const parts = columns.map((name, index) =>
    isLong(planned, name) ? VALUE_HEADER_BYTES + (index > 0 ? ALIGNMENT_BYTES : 0) : SHORT_VALUE_BYTES,
  );
  return parts.reduce((sum, part) => sum + part, ENTRY_HEADER_BYTES + nulls);
}

async function rowsBeyond(
  pool: Pick<ReaderPool, 'run'>,
  { columns, whereSql }: SourceKey,
  table: SourceTable,
  planned: PlannedTable,
): Promise<{ readonly count: number; readonly keys: string[] }> {
  const sizes = columns
    .filter((name) => isLong(planned, name))
    .map((name) => `coalesce(octet_length(${quoteName(name)}), 0)`);
  const isBeyond = `${sizes.join(' + ')} > ${MAX_ENTRY_BYTES - fixedBytes(planned, columns)}`;
  const from = `from ${quoteName(table.name)} where ${isBeyond}${whereSql === undefined ? '' : ` and (${whereSql})`}`;
  const [[count] = []] = await pool.run('query', { sql: `select count(*) ${from}`, limit: 1 });
  const rows = await pool.run('query', { sql: `select ${rowKeySql(table)} ${from}`, limit: MOST_KEYS });
  return { count: Number(count), keys: rows.map(([key]) => String(key)) };
}

/** The key of a row as a report prints it. */
function rowKeySql({ rowidName, primaryKey }: SourceTable): string {
  if (rowidName !== undefined) return `'rowid = ' || ${rowidName}`;
  const parts = primaryKey.map(
    (name) => `${quoteText(`${name} = `)} || quote(substr(${quoteName(name)}, 1, 20))`,
  );
  return parts.join(" || ', ' || ");
}

function longKeyFinding(
  { name }: SourceTable,
  { object, isUnique, columns }: SourceKey,
  { count, keys }: { readonly count: number; readonly keys: readonly string[] },
  { policies }: TransferPlan,
): Finding {
  const column = columns.length === 1 ? columns[0] : undefined;
  const action = policyOf(policies, 'long-key', name, column);
  const place = `the ${object.startsWith('index') ? object : object.replace(/ of .*/, '')} (${columns.join(', ')})`;
  return finding({
    severity: isUnique ? 'problem' : 'note',
    kind: 'long-key',
    table: name,
    column,
    count,
    keys,
    message: `Values that may be too long for ${place}: PostgreSQL indexes at most ${MAX_ENTRY_BYTES.toLocaleString('en')} bytes of a row, after it has compressed them. If it refuses one, the rows are moved, and ${isUnique ? 'the key' : 'the index'} is missing and listed.`,
    advice: isUnique
      ? 'shorten the keys, for example to a hash, or change the statement in the plan; convert:try moves the rows and lets the server decide'
      : 'change the statement in the plan, for example to an index on md5(column)',
    settledBy: isUnique && action === 'convert:try' ? action : undefined,
  });
}
