import { AbortedError, ValueError } from '@sluice/core/errors';
import type Sqlite from 'better-sqlite3';
import { HashSums } from '../hash/hash-sums.js';
import type { PostgresSession } from '../postgres/session.js';
import { TupleScanner } from '../postgres/tuple-scanner.js';
import { rowCounter } from '../reader/row-counter.js';
import { quoteName, quoteNames } from '../sql/quote.js';
import { forgetBackTable, recordBackTable } from '../state/sqlite-state.js';
import type { TableProgress } from '../state/table-progress.js';
import type { ColumnType } from '../values/column-type.js';
import { decodeValue } from '../values/decode-value.js';
import type { SqliteValue } from '../values/encode-value.js';
import { scaleInFile, toUnits } from '../values/scaled-numeric.js';
import { fileTransaction } from './file-transaction.js';
import { copyQuarantine } from './quarantine.js';
import type { BackRows } from './rows.js';
import { type BackTable, identityOf } from './table.js';

export interface CopyBackInput {
  readonly session: PostgresSession;
  readonly database: Sqlite.Database;
  readonly back: BackTable;
  readonly rows: BackRows;
  readonly signal: AbortSignal | undefined;
  readonly onProgress: (rows: number) => void;
}

/** Copies a table and records that it is done, in one transaction: after a crash the table is complete and recorded, or empty. */
export async function copyBackTable(input: CopyBackInput): Promise<TableProgress> {
  const { database, back } = input;
  return fileTransaction(database, async () => {
    // The rows of an earlier copy come from another snapshot.
    database.exec(`delete from ${quoteName(back.table.name)}`);
    forgetBackTable(database, back.table.name);
    const sums = await copyRows(input);
    const quarantined = await copyQuarantine(input);
    await setSequence(input);
    recordBackTable(database, back.table.name, quarantined, sums);
    return { rows: sums.rows, quarantined, converted: 0, sums };
  });
}

async function copyRows(input: CopyBackInput): Promise<HashSums> {
  const { session, database, back, signal, onProgress } = input;
  const { table, columns } = back;
  const names = columns.map(({ name }) => name);
  const insert = database.prepare<SqliteValue[]>(
    `insert into ${quoteName(table.name)} (${quoteNames(names)}) values (${names.map(() => '?').join(', ')})`,
  );
  const sums = new HashSums();
  const onRow = rowCounter(onProgress);
  const scanner = new TupleScanner(table.primaryKey.length, (bytes, from, keyEnd, to) => {
    sums.add(bytes, from + 2, keyEnd, to);
    insert.run(...decodeTuple(back, bytes, from));
    onRow();
  });
  const sql = `copy (${input.rows.select(back)}) to stdout (format binary)`;
  for await (const chunk of session.copyOut(sql)) {
    if (signal?.aborted) throw new AbortedError('The work was stopped.');
    scanner.push(chunk);
  }
  return sums;
}

/** Sets SQLite's last number of AUTOINCREMENT to that of the sequence. */
async function setSequence({ session, database, back }: CopyBackInput): Promise<void> {
  const identity = identityOf(back);
  if (identity === undefined) return;
  const [sequence] = await session.query<{ name: string | null }>(
    'select pg_get_serial_sequence($1, $2) as name',
    [quoteName(back.table.name), identity.name],
  );
  if (sequence?.name == null) return;
  const [state] = await session.query<{ last: string }>(
    `select case when is_called then last_value else last_value - 1 end as last from ${sequence.name}`,
  );
  const last = BigInt(state?.last ?? 0);
  database.prepare('delete from sqlite_sequence where name = ?').run(back.table.name);
  database.prepare('insert into sqlite_sequence (name, seq) values (?, ?)').run(back.table.name, last);
}

function decodeTuple({ table, columns }: BackTable, bytes: Buffer, from: number): SqliteValue[] {
  let at = from + 2;
  return columns.map(({ name, type }) => {
    const length = bytes.readInt32BE(at);
    at += 4;
    if (length < 0) return null;
    const decoded = decodeValue(type, bytes.subarray(at, at + length));
    at += length;
    if ('value' in decoded) return toStored(decoded.value, type);
    throw new ValueError(
      `${quoteName(table.name)}.${quoteName(name)} holds ${decoded.problem}, which SQLite cannot hold. Change it in the source first.`,
      { table: table.name, column: name },
    );
  });
}

/** better-sqlite3 binds a number as a REAL, so integers are bound as bigints. */
function toStored(value: SqliteValue, type: ColumnType): SqliteValue {
  if (typeof value === 'string' && scaleInFile(type) !== undefined) return toUnits(value);
  const { name } = type;
  const isInteger = typeof value === 'number' && name !== 'double precision' && name !== 'real';
  return isInteger ? BigInt(value) : value;
}
