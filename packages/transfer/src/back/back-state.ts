import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import Sqlite from 'better-sqlite3';
import { HashSums } from '../hash/hash-sums.js';
import type { Untranslated } from '../plan/transfer-plan.js';
import type { TableProgress } from '../target/transfer-state.js';
import type { BackTable } from './table.js';

/** Rows that could not go back, in the new file; dropped when there are none. */
export const BACK_QUARANTINE = 'sluice_quarantine';

const CREATE = `
  create table sluice_transfer (tables text not null, untranslated text not null);
  create table sluice_progress (table_name text primary key, quarantined integer not null, sums blob not null);
  create table ${BACK_QUARANTINE} (
    table_name text not null, row_key text not null, column_name text not null, reason text not null, content text not null);`;

/** Tells the tables, as they are to be read and made, from others; and a file with a state of another form. */
export function tablesDigest(tables: readonly BackTable[], selects: readonly string[]): string {
  return createHash('sha256')
    .update(JSON.stringify([CREATE, tables, selects]))
    .digest('hex');
}

/** The tables are made, and copying begins. */
export function createBackState(
  database: Sqlite.Database,
  digest: string,
  untranslated: readonly Untranslated[],
): void {
  database.transaction(() => {
    database.exec(CREATE);
    database.prepare('insert into sluice_transfer values (?, ?)').run(digest, JSON.stringify(untranslated));
  })();
}

export interface BackState {
  readonly digest: string;
  readonly untranslated: readonly Untranslated[];
  readonly tables: ReadonlyMap<string, TableProgress>;
}

/** What of an interrupted transfer is in the file; `undefined` when it had not begun to copy. */
export function readBackState(path: string): BackState | undefined {
  if (!existsSync(path)) return undefined;
  const database = new Sqlite(path);
  try {
    const exists = database.prepare(`select 1 from sqlite_schema where name = 'sluice_transfer'`).get();
    if (exists === undefined) return undefined;
    const begun = database
      .prepare<[], { tables: string; untranslated: string }>('select * from sluice_transfer')
      .get();
    if (begun === undefined) return undefined;
    const rows = database
      .prepare<[], { table_name: string; quarantined: number; sums: Buffer }>('select * from sluice_progress')
      .all();
    return {
      digest: begun.tables,
      untranslated: JSON.parse(begun.untranslated) as Untranslated[],
      tables: new Map(rows.map(readProgress)),
    };
  } finally {
    database.close();
  }
}

function readProgress(row: {
  readonly table_name: string;
  readonly quarantined: number;
  readonly sums: Buffer;
}): [string, TableProgress] {
  const sums = HashSums.fromBytes(row.sums);
  return [row.table_name, { rows: sums.rows, quarantined: row.quarantined, converted: 0, sums }];
}

/** Call it in the transaction that copies the table. */
export function recordBackTable(
  database: Sqlite.Database,
  table: string,
  quarantined: number,
  sums: HashSums,
): void {
  database.prepare('insert into sluice_progress values (?, ?, ?)').run(table, quarantined, sums.toBytes());
}

/** Takes the record of a table away; its rows are to be deleted in the same transaction. */
export function forgetBackTable(database: Sqlite.Database, table: string): void {
  database.prepare('delete from sluice_progress where table_name = ?').run(table);
  database.prepare(`delete from ${BACK_QUARANTINE} where table_name = ?`).run(table);
}

/** Leaves the application's own tables, and the quarantine if there are rows in it. */
export function dropBackState(database: Sqlite.Database): void {
  database.transaction(() => {
    const isEmpty = database.prepare(`select 1 from ${BACK_QUARANTINE} limit 1`).get() === undefined;
    database.exec('drop table sluice_transfer; drop table sluice_progress');
    if (isEmpty) database.exec(`drop table ${BACK_QUARANTINE}`);
  })();
}
