import type Sqlite from 'better-sqlite3';
import { quoteName } from '../sql/quote.js';
import type { SqliteValue } from '../values/encode-value.js';
import type { RowidRange } from './table-reading.js';

/** What is to be read of a table. */
export interface RowSelection {
  readonly source: string;
  readonly rowidName: string | undefined;
  readonly columns: readonly string[];
  readonly range: RowidRange;
  readonly hasBigIntegers: boolean;
  readonly exceptSql?: string | undefined;
  /** Rows that are fetched at once. */
  readonly batchRows: number;
}

/** A row: its rowid, or `null` where it has none, then the columns. */
export type SourceRow = SqliteValue[];

/** Reads rows from the table itself and no index of it, which may be damaged. */
export function* sourceRows(database: Sqlite.Database, selection: RowSelection): Generator<SourceRow> {
  const { rowidName, range, batchRows } = selection;
  if (rowidName === undefined || range === undefined || batchRows < 2) yield* singleRows(database, selection);
  else yield* batchedRows(database, selection, rowidName, range);
}

const SAFE = 2n ** 53n;

/** A rowid may be beyond 2^53 although no column is: the next batch, and a row's exact text, are found by it. */
function needsBigIntegers({ hasBigIntegers, rowidName, range }: RowSelection): boolean {
  if (hasBigIntegers || rowidName === undefined) return hasBigIntegers;
  return range === undefined || BigInt(range[0]) < -SAFE || BigInt(range[1]) > SAFE;
}

function selectSql(
  { source, rowidName, columns, exceptSql }: RowSelection,
  conditions: readonly string[],
): string {
  const names = [rowidName ?? 'null', ...columns.map(quoteName)].join(', ');
  const all = exceptSql === undefined ? conditions : [...conditions, `not (${exceptSql})`];
  const where = all.length === 0 ? '' : ` where ${all.join(' and ')}`;
  const hint = rowidName === undefined ? '' : ' not indexed';
  return `select ${names} from ${quoteName(source)}${hint}${where}`;
}

function* singleRows(database: Sqlite.Database, selection: RowSelection): Generator<SourceRow> {
  const { rowidName, range } = selection;
  const sql = selectSql(selection, range === undefined ? [] : [`${rowidName} between ? and ?`]);
  const statement = database
    .prepare<unknown[], SourceRow>(sql)
    .raw()
    .safeIntegers(needsBigIntegers(selection));
  yield* statement.iterate(...(range ?? []).map(BigInt)) as IterableIterator<SourceRow>;
}

/** Many rows at a time cost half of what single ones do. Their number keeps what is held at once small. */
function* batchedRows(
  database: Sqlite.Database,
  selection: RowSelection,
  rowidName: string,
  [from, to]: readonly [string, string],
): Generator<SourceRow> {
  const { batchRows } = selection;
  const sql = `${selectSql(selection, [`${rowidName} >= ?`, `${rowidName} <= ?`])} order by ${rowidName} limit ${batchRows}`;
  const statement = database
    .prepare<unknown[], SourceRow>(sql)
    .raw()
    .safeIntegers(needsBigIntegers(selection));
  const end = BigInt(to);
  for (let next = BigInt(from); next <= end; ) {
    const rows = statement.all(next, end);
    yield* rows;
    const last = rows.at(-1)?.[0];
    if (rows.length < batchRows || (typeof last !== 'bigint' && typeof last !== 'number')) return;
    next = BigInt(last) + 1n;
  }
}

/** Reads a text's bytes: what is no UTF-8 reads as U+FFFD, and so does U+FFFD itself. */
export class ExactText {
  readonly #database: Sqlite.Database;
  readonly #source: string;
  readonly #keys: readonly string[];
  readonly #statements = new Map<string, Sqlite.Statement<unknown[], Buffer>>();

  /** `keys` find a row: the rowid's name, or the key's columns. */
  constructor(database: Sqlite.Database, source: string, keys: readonly string[]) {
    this.#database = database;
    this.#source = source;
    this.#keys = keys;
  }

  /** The bytes of a text that is no UTF-8; `undefined` when it is. */
  invalidBytes(column: string, keyValues: readonly SqliteValue[]): Buffer | undefined {
    const bytes = this.#statement(column).get(...keyValues);
    if (bytes === undefined) throw new Error(`A row of "${this.#source}" cannot be found again by its key.`);
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
