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
}

/** A row: its rowid, or `null` where it has none, then the columns. */
export type SourceRow = SqliteValue[];

/** Reads rows from the table itself and no index of it, which may be damaged. */
export function* sourceRows(database: Sqlite.Database, selection: RowSelection): Generator<SourceRow> {
  const { source, rowidName, columns, range, exceptSql } = selection;
  const names = [rowidName ?? 'null', ...columns.map(quoteName)].join(', ');
  const conditions = [
    ...(range === undefined ? [] : [`${rowidName} between ? and ?`]),
    ...(exceptSql === undefined ? [] : [`not (${exceptSql})`]),
  ];
  const where = conditions.length === 0 ? '' : ` where ${conditions.join(' and ')}`;
  const hint = rowidName === undefined ? '' : ' not indexed';
  const statement = database
    .prepare<unknown[], SourceRow>(`select ${names} from ${quoteName(source)}${hint}${where}`)
    .raw()
    .safeIntegers(selection.hasBigIntegers);
  yield* statement.iterate(...(range ?? []).map(BigInt)) as IterableIterator<SourceRow>;
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
