import { packRows } from '../thread/pack-rows.js';
import type { RowTarget } from '../thread/run-statement.js';
import type { ResultColumns, ResultPart } from '../values/result-part.js';
import type { SqliteValue } from '../values/sqlite-value.js';

/** Keeps the rows that a write returns until the write is committed, because the caller must not see them before. */
export class CollectedRows implements RowTarget {
  #columns: ResultColumns | undefined;
  #rows: SqliteValue[][] = [];

  begin(_member: number, columns: ResultColumns): void {
    this.#columns = columns;
  }

  add(row: SqliteValue[]): boolean {
    this.#rows.push(row);
    return true;
  }

  addAll(rows: SqliteValue[][]): void {
    this.#rows = rows;
  }

  last(): ResultPart | undefined {
    return this.#columns === undefined ? undefined : packRows(this.#columns, this.#rows);
  }
}
