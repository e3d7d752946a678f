import type Sqlite from 'better-sqlite3';
import { quoteName } from '../sql/quote.js';
import type { SqliteValue } from '../values/encode-value.js';
import { guardedColumn } from '../values/large-value.js';
import { REFUSED_VALUE } from './reader-protocol.js';
import type { RowidRange } from './table-reading.js';

/** What to read from a table. */
export interface RowSelection {
  readonly source: string;
  readonly rowidName: string | undefined;
  readonly columns: readonly string[];
  readonly range: RowidRange;
  readonly hasBigIntegers: boolean;
  readonly exceptSql?: string | undefined;
  /** How many rows to fetch at once. */
  readonly batchRows: number;
}

/** A row: its rowid, or `null` without one, then the columns. */
export type SourceRow = SqliteValue[];

/** Reads rows from the table itself, and not from an index, which may be damaged. */
export function* sourceRows(database: Sqlite.Database, selection: RowSelection): Generator<SourceRow> {
  for (const batch of sourceBatches(database, selection)) yield* batch;
}

/** Reads the same rows in batches, which cost half as much as single rows. */
export function* sourceBatches(
  database: Sqlite.Database,
  selection: RowSelection,
): Generator<readonly SourceRow[]> {
  const { rowidName, range, batchRows } = selection;
  if (batchRows > 1 && rowidName !== undefined && range !== undefined)
    yield* batchesByRowid(database, selection, rowidName, range);
  else if (batchRows > 1 && rowidName === undefined) yield* batchesByKey(database, selection);
  else yield* singleRows(database, selection);
}

const SAFE = 2n ** 53n;

/** Whether to read bigints: the rowid may be beyond 2^53 although no column is, and it addresses the next batch and a row's exact text. */
function needsBigIntegers({ hasBigIntegers, rowidName, range }: RowSelection): boolean {
  if (hasBigIntegers || rowidName === undefined) return hasBigIntegers;
  return range === undefined || BigInt(range[0]) < -SAFE || BigInt(range[1]) > SAFE;
}

function prepareRows(
  database: Sqlite.Database,
  selection: RowSelection,
  conditions: readonly string[],
  end = '',
): Sqlite.Statement<unknown[], SourceRow> {
  const sql = selectSql(selection, conditions) + end;
  return database.prepare<unknown[], SourceRow>(sql).raw().safeIntegers(needsBigIntegers(selection));
}

function selectSql(
  { source, rowidName, columns, exceptSql, batchRows }: RowSelection,
  conditions: readonly string[],
): string {
  // Large rows are read one at a time.
  const read = (column: string): string =>
    batchRows > 1 ? quoteName(column) : guardedColumn(quoteName(column));
  const names = [rowidName ?? 'null', ...columns.map(read)].join(', ');
  const all = exceptSql === undefined ? conditions : [...conditions, `not (${exceptSql})`];
  const where = all.length === 0 ? '' : ` where ${all.join(' and ')}`;
  const hint = rowidName === undefined ? '' : ' not indexed';
  return `select ${names} from ${quoteName(source)}${hint}${where}`;
}

function* singleRows(database: Sqlite.Database, selection: RowSelection): Generator<readonly SourceRow[]> {
  const { rowidName, range } = selection;
  const conditions = range === undefined ? [] : [`${rowidName} between ? and ?`];
  for (const row of prepareRows(database, selection, conditions).iterate(...(range ?? []).map(BigInt)))
    yield [row];
}

function* batchesByRowid(
  database: Sqlite.Database,
  selection: RowSelection,
  rowidName: string,
  [from, to]: readonly [string, string],
): Generator<readonly SourceRow[]> {
  const { batchRows } = selection;
  const conditions = [`${rowidName} >= ?`, `${rowidName} <= ?`];
  const statement = prepareRows(database, selection, conditions, ` order by ${rowidName} limit ${batchRows}`);
  const end = BigInt(to);
  for (let next = BigInt(from); next <= end; ) {
    const rows = statement.all(next, end);
    yield rows;
    const last = rows.at(-1)?.[0];
    if (rows.length < batchRows || (typeof last !== 'bigint' && typeof last !== 'number')) return;
    next = BigInt(last) + 1n;
  }
}

/** Reads a table without rowids: the next batch begins after the primary key of the last row. */
function* batchesByKey(database: Sqlite.Database, selection: RowSelection): Generator<readonly SourceRow[]> {
  const { columns, batchRows } = selection;
  const keys = keyOrder(database, selection);
  if (keys === undefined) return yield* singleRows(database, selection);
  const positions = keys.columns.map((key) => columns.indexOf(key) + 1);
  const limit = ` order by ${keys.list} limit ${batchRows}`;
  let key: SqliteValue[] = [];
  let statement = prepareRows(database, selection, [], limit);
  const next = prepareRows(database, selection, [keys.after], limit);
  for (;;) {
    const rows = statement.all(...key);
    if (rows.length < batchRows) return yield rows;
    // Bytes that are not valid UTF-8 are read as U+FFFD, which sorts elsewhere: such a key cannot be continued from.
    const last = rows.findLastIndex((row) => positions.every((at) => isExact(row[at])));
    if (last < 0) break;
    yield rows.slice(0, last + 1);
    key = positions.map((at) => rows[last]?.[at] ?? null);
    statement = next;
  }
  const rest = prepareRows(database, selection, key.length === 0 ? [] : [keys.after]);
  for (const row of rest.iterate(...key)) yield [row];
}

interface KeyOrder {
  readonly columns: readonly string[];
  readonly list: string;
  /** Condition for the rows after a key. */
  readonly after: string;
}

/** The primary key by which a table without rowids is stored; `undefined` when SQLite would have to sort the rows. */
function keyOrder(database: Sqlite.Database, selection: RowSelection): KeyOrder | undefined {
  const columns = database
    .prepare<unknown[], string>('select name from pragma_table_info(?) where pk > 0 order by pk')
    .pluck()
    .all(selection.source);
  if (columns.length === 0 || columns.some((column) => !selection.columns.includes(column))) return undefined;
  const list = columns.map(quoteName).join(', ');
  const after = `(${list}) > (${columns.map(() => '?').join(', ')})`;
  const plan = database
    .prepare<unknown[], { detail: string }>(
      `explain query plan ${selectSql(selection, [after])} order by ${list}`,
    )
    .all(...columns.map(() => null));
  const isInOrder = plan.length === 1 && /^SEARCH .* USING PRIMARY KEY/.test(plan[0]?.detail ?? '');
  return isInOrder ? { columns, list, after } : undefined;
}

function isExact(value: SqliteValue | undefined): boolean {
  return typeof value !== 'string' || !value.includes('\uFFFD');
}

/** A row without a rowid whose key is not valid UTF-8: SQLite cannot find it by the text that it returned, so its exact bytes are unreadable. */
class UnaddressableRowError extends Error {
  readonly code: string = REFUSED_VALUE;

  constructor(source: string, key: readonly SqliteValue[]) {
    super(
      `${quoteName(source)} has no rowid, and a key of it holds text that is no UTF-8 (${key.map(String).join(', ')}). Mend the key in the source, or leave the table out with --exclude.`,
    );
  }
}

/** Reads the bytes of a text that contains U+FFFD, to tell a real U+FFFD from bytes that are not valid UTF-8. */
export class ExactText {
  readonly #database: Sqlite.Database;
  readonly #source: string;
  readonly #keys: readonly string[];
  readonly #statements = new Map<string, Sqlite.Statement<unknown[], Buffer>>();

  /** `keys` are the SQL names that identify a row: the rowid, or the columns of the key. */
  constructor(database: Sqlite.Database, source: string, keys: readonly string[]) {
    this.#database = database;
    this.#source = source;
    this.#keys = keys;
  }

  /** The bytes of a text that is not valid UTF-8; `undefined` when it is valid. */
  invalidBytes(column: string, keyValues: readonly SqliteValue[]): Buffer | undefined {
    const bytes = this.#statement(column).get(...keyValues);
    if (bytes === undefined) throw new UnaddressableRowError(this.#source, keyValues);
    return Buffer.from(bytes.toString('utf8')).equals(bytes) ? undefined : bytes;
  }

  #statement(column: string): Sqlite.Statement<unknown[], Buffer> {
    const known = this.#statements.get(column);
    if (known !== undefined) return known;
    const where = this.#keys.map((key) => `${key} is ?`).join(' and ');
    const sql = `select cast(${quoteName(column)} as blob) from ${quoteName(this.#source)} where ${where}`;
    const statement = this.#database.prepare<unknown[], Buffer>(sql).pluck();
    this.#statements.set(column, statement);
    return statement;
  }
}
