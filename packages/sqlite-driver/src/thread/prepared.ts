import type Sqlite from 'better-sqlite3';
import type { ResultColumns } from '../values/result-part.js';
import type { SqliteValue } from '../values/sqlite-value.js';
import type { RowNumber } from './row-number.js';

/** A prepared statement with its columns. */
export interface Prepared {
  readonly statement: Sqlite.Statement<unknown[], SqliteValue[]>;
  /** `undefined` for a statement that returns no rows. */
  readonly columns: ResultColumns | undefined;
  /** Indexes of columns that better-sqlite3 returns as bigints, and that must become numbers where that is exact. */
  readonly narrowed: readonly number[];
  readonly isReadonly: boolean;
  readonly changesSchema: boolean;
  /** Whether it is a ROLLBACK TO a savepoint, which may bring an earlier schema back. */
  readonly isRollbackTo: boolean;
  /** Set for a statement that may give a row number, and returns no rows. */
  readonly rowNumber?: RowNumber | undefined;
  /**
   * What the statement may leave of its work in an open transaction when it fails. `nothing`: SQLite undoes it. `seldom`: SQLite undoes it, except
   * after errors for which it is not prepared, such as an overflow of sum() half-way. `by_design`: FAIL says so.
   */
  readonly leaves: 'nothing' | 'seldom' | 'by_design';
}
