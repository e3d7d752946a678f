import type Sqlite from 'better-sqlite3';
import { insertTarget } from '../sql/insert-target.js';
import { quoteIdentifier } from '../sql/quoting.js';

/** The last row number of the connection, and whether the statement's table has a row of that number. */
interface LastRow {
  readonly last: bigint;
  readonly isThere: bigint;
}

/**
 * Tells which row number an INSERT gave. SQLite remembers only the last one of the connection, whoever inserted it and wherever, and leaves it as it is
 * when nothing is inserted.
 */
export class RowNumber {
  /** Set for an INSERT that may update instead, so that its number of changed rows does not say whether it inserted one. */
  readonly #lastRow: Sqlite.Statement<unknown[], LastRow> | undefined;
  #before: LastRow | undefined;

  /** `undefined` for a statement that inserts nothing, or into what has no row numbers: a view, a table WITHOUT ROWID. */
  static of(database: Sqlite.Database, sql: string): RowNumber | undefined {
    const table = insertTarget(sql);
    if (table === undefined || !hasRowNumbers(database, table)) return undefined;
    return new RowNumber(UPSERT.test(sql) ? lastRow(database, table) : undefined);
  }

  private constructor(lastRow: Sqlite.Statement<unknown[], LastRow> | undefined) {
    this.#lastRow = lastRow;
  }

  /** Call it before the statement runs. */
  begin(): void {
    this.#before = this.#lastRow?.get();
  }

  /** The number of the last row that the statement inserted; `undefined` when it inserted none. */
  end({ changes, lastInsertRowid }: Sqlite.RunResult): number | bigint | undefined {
    if (changes === 0) return undefined;
    const before = this.#before;
    if (before === undefined || BigInt(lastInsertRowid) !== before.last) return lastInsertRowid;
    // The number is the same as before: either nothing was inserted, or a row of that number, which was not there.
    const isNew = before.isThere === 0n && this.#lastRow?.get()?.isThere === 1n;
    return isNew ? lastInsertRowid : undefined;
  }
}

const UPSERT = /\bdo\s+update\b/i;

function hasRowNumbers(database: Sqlite.Database, table: string): boolean {
  const sql = `select 1 from pragma_table_list(?) where schema = 'main' and type in ('table', 'virtual') and wr = 0`;
  return database.prepare(sql).get(table) !== undefined;
}

function lastRow(database: Sqlite.Database, table: string): Sqlite.Statement<unknown[], LastRow> {
  const isThere = `exists (select 1 from ${quoteIdentifier(table)} where _rowid_ = last_insert_rowid())`;
  return database
    .prepare<unknown[], LastRow>(`select last_insert_rowid() as last, ${isThere} as "isThere"`)
    .safeIntegers(true);
}
