import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { assertNodeVersion } from '@sluice/sqlite-driver/runtime';
import Sqlite from 'better-sqlite3';
import { HashSums } from '../hash/hash-sums.js';
import type { Untranslated } from '../plan/transfer-plan.js';
import { createQuarantineSql, QUARANTINE_COLUMNS } from './quarantine-table.js';
import type { TableProgress } from './table-progress.js';

/** The table of rows that could not go back. The new file keeps it if it holds any. */
const QUARANTINE = 'sluice_quarantine';

const CREATE = `
  create table sluice_transfer (tables text not null, untranslated text not null);
  create table sluice_progress (table_name text primary key, quarantined integer not null, sums blob not null);
  ${createQuarantineSql(QUARANTINE, 'text')}`;

/**
 * A digest of the tables as they are to be made, of the queries that read them, and of the form of the state: a transfer is resumed only
 * when it is the same. The way there records its plan instead, which a resume follows as it is.
 */
export function tablesDigest(tables: readonly object[], selects: readonly string[]): string {
  return createHash('sha256')
    .update(JSON.stringify([CREATE, tables, selects]))
    .digest('hex');
}

/** Begins a transfer; the tables are made already. */
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

/** Reads the state of an interrupted transfer from its file; `undefined` when the transfer had not begun to copy. */
export function readBackState(path: string): BackState | undefined {
  if (!existsSync(path)) return undefined;
  assertNodeVersion();
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

/** Records that a table is copied. Call it in the transaction that copies it. */
export function recordBackTable(
  database: Sqlite.Database,
  table: string,
  quarantined: number,
  sums: HashSums,
): void {
  database.prepare('insert into sluice_progress values (?, ?, ?)').run(table, quarantined, sums.toBytes());
}

/** Prepares the INSERT of a row into quarantine. */
export function prepareQuarantine(database: Sqlite.Database): Sqlite.Statement<string[]> {
  return database.prepare(`insert into ${QUARANTINE} (${QUARANTINE_COLUMNS}) values (?, ?, ?, ?, ?)`);
}

/** Deletes the record of a table. Delete its rows in the same transaction. */
export function forgetBackTable(database: Sqlite.Database, table: string): void {
  database.prepare('delete from sluice_progress where table_name = ?').run(table);
  database.prepare(`delete from ${QUARANTINE} where table_name = ?`).run(table);
}

/**
 * Deletes the state, and the quarantine if it is empty: the file is the application's, and has no schema to keep them apart. PostgreSQL keeps
 * the state of a transfer in a schema of its own.
 */
export function dropBackState(database: Sqlite.Database): void {
  database.transaction(() => {
    const isEmpty = database.prepare(`select 1 from ${QUARANTINE} limit 1`).get() === undefined;
    database.exec('drop table sluice_transfer; drop table sluice_progress');
    if (isEmpty) database.exec(`drop table ${QUARANTINE}`);
  })();
}
