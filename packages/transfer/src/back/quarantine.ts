import type Sqlite from 'better-sqlite3';
import type { PostgresSession } from '../postgres/session.js';
import { TupleScanner } from '../postgres/tuple-scanner.js';
import { forgetBackTable, prepareQuarantine, recordBackTable } from '../state/sqlite-state.js';
import type { TableProgress } from '../state/table-progress.js';
import { fileTransaction } from './file-transaction.js';
import type { BackRows } from './rows.js';
import type { BackTable } from './table.js';

export interface QuarantineInput {
  readonly session: PostgresSession;
  readonly database: Sqlite.Database;
  readonly rows: BackRows;
  readonly back: BackTable;
}

/**
 * Writes the quarantined rows of a table, and returns their number. Call it in a transaction. PostgreSQL selects these rows by SQL; on the way
 * there the encoder finds them, in the readers' threads.
 */
export async function copyQuarantine({ session, database, rows, back }: QuarantineInput): Promise<number> {
  const select = rows.selectQuarantine(back);
  if (select === undefined) return 0;
  const insert = prepareQuarantine(database);
  let count = 0;
  const scanner = new TupleScanner(0, (bytes, from) => {
    insert.run(back.table.name, ...readTexts(bytes, from));
    count += 1;
  });
  for await (const chunk of session.copyOut(`copy (${select}) to stdout (format binary)`))
    scanner.push(chunk);
  return count;
}

/**
 * Writes the quarantine of a table again that an interrupted transfer has copied. The copied rows are unchanged, but the rows in quarantine
 * may have changed since.
 */
export async function refreshQuarantine(
  input: QuarantineInput,
  progress: TableProgress,
): Promise<TableProgress> {
  const { database, rows, back } = input;
  const { name } = back.table;
  const { sums } = progress;
  if (sums === undefined || rows.selectQuarantine(back) === undefined) return progress;
  return fileTransaction(database, async () => {
    forgetBackTable(database, name);
    const quarantined = await copyQuarantine(input);
    recordBackTable(database, name, quarantined, sums);
    return { ...progress, quarantined };
  });
}

/** Decodes a tuple of text fields, none of which is NULL. */
function readTexts(bytes: Buffer, from: number): string[] {
  const texts: string[] = [];
  let at = from + 2;
  for (let left = bytes.readInt16BE(from); left > 0; left -= 1) {
    const end = at + 4 + bytes.readInt32BE(at);
    texts.push(bytes.toString('utf8', at + 4, end));
    at = end;
  }
  return texts;
}
