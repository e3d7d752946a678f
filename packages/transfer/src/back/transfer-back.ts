import { existsSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { basename } from 'node:path';
import { AbortedError, ConfigurationError, ValueError } from '@sluice/core';
import Sqlite from 'better-sqlite3';
import type { TransferProgress, TransferReport } from '../copy/transfer.js';
import { HashSums } from '../hash/hash-sums.js';
import type { TransferPlan, Untranslated } from '../plan/transfer-plan.js';
import { ReaderPool } from '../reader/reader-pool.js';
import type { TableReading } from '../reader/table-reading.js';
import { quoteName, quoteNames } from '../sql/quote.js';
import { PostgresSession, toTransferError } from '../target/postgres-session.js';
import { readPostgresTables } from '../target/postgres-tables.js';
import { decodeValue } from '../values/decode-value.js';
import type { SqliteValue } from '../values/encode-value.js';
import { TupleScanner } from '../verify/tuple-scanner.js';
import { postgresSide, sqliteSide, type VerifiedTable, verifyTable } from '../verify/verify-table.js';
import { backColumns, readingOfBack } from './back-columns.js';
import { type BackTable, identityOf } from './back-table.js';
import { readTableObjects, readUntranslated } from './postgres-objects.js';

export interface TransferBackOptions {
  /** `postgres://…`. */
  readonly source: string;
  /** Path of the SQLite file. It must not exist, unless `replace` is set. */
  readonly target: string;
  readonly sourceSchema?: string | undefined;
  readonly exclude?: readonly string[];
  readonly replace?: boolean;
  /** Default: true. */
  readonly verify?: boolean;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: (progress: TransferProgress) => void;
}

/**
 * Moves a PostgreSQL database into a new SQLite file, as Sluice's SQLite driver declares and stores it, in one snapshot. The file gets its
 * name when all is done and verified: until then it is `FILE.partial`, which an error removes.
 *
 * @throws ConfigurationError when the file exists; ValueError for a value that SQLite cannot hold, naming its column.
 */
export async function transferBack(options: TransferBackOptions): Promise<TransferReport> {
  if (existsSync(options.target) && options.replace !== true) {
    throw new ConfigurationError(
      'invalid_configuration',
      `"${options.target}" exists. Give another path, or add --replace.`,
    );
  }
  const partial = `${options.target}.partial`;
  const session = await PostgresSession.connect(options.source, options.sourceSchema);
  try {
    await removeFile(partial);
    await session.query('begin isolation level repeatable read, read only');
    const report = await new TransferBack(session, partial, options).run();
    if (report.outcome !== 'done') return report;
    await removeFile(options.target);
    await rename(partial, options.target);
    return report;
  } catch (error) {
    await removeFile(partial);
    throw toTransferError(error);
  } finally {
    await session.close();
  }
}

async function removeFile(path: string): Promise<void> {
  await Promise.all(['', '-wal', '-shm'].map((end) => rm(path + end, { force: true })));
}

class TransferBack {
  readonly #session: PostgresSession;
  readonly #path: string;
  readonly #options: TransferBackOptions;

  constructor(session: PostgresSession, path: string, options: TransferBackOptions) {
    this.#session = session;
    this.#path = path;
    this.#options = options;
  }

  async run(): Promise<TransferReport> {
    const tables = await this.#readTables();
    const untranslated: Untranslated[] = await readUntranslated(this.#session);
    // Loaded here: the way there needs neither Kysely nor the driver.
    const { createBackTables } = await import('./create-back-tables.js');
    await createBackTables(this.#path, tables, untranslated);
    const sums = await this.#copy(tables);
    const verified = this.#options.verify === false ? [] : await this.#verify(tables, sums);
    const plan: TransferPlan = {
      version: 1,
      source: { file: basename(this.#path), fingerprint: '' },
      schema: 'translate',
      policies: {},
      tables: [],
      statements: [],
      untranslated,
    };
    return {
      outcome: verified.every(({ isEqual }) => isEqual) ? 'done' : 'different',
      findings: [],
      plan,
      tables: tables.map(({ table }, index) => ({
        table: table.name,
        rows: sums[index]?.rows ?? 0,
        quarantined: 0,
        converted: 0,
      })),
      verified,
      untranslated,
    };
  }

  async #readTables(): Promise<BackTable[]> {
    const objects = await readTableObjects(this.#session);
    const tables: BackTable[] = [];
    for (const table of await readPostgresTables(this.#session)) {
      const found = objects.get(table.name);
      if (found === undefined || this.#options.exclude?.includes(table.name) === true) continue;
      const columns = await backColumns(this.#session, table);
      const keys = table.primaryKey.flatMap((key) => columns.filter(({ name }) => name === key));
      tables.push({
        table,
        objects: found,
        columns: [...keys, ...columns.filter((column) => !keys.includes(column))],
      });
    }
    return tables;
  }

  /** A transaction for each table; keys are checked at the end, for tables come in no order. */
  async #copy(tables: readonly BackTable[]): Promise<HashSums[]> {
    const database = new Sqlite(this.#path);
    database.pragma('journal_mode = wal');
    database.pragma('synchronous = normal');
    database.pragma('foreign_keys = off');
    try {
      const sums: HashSums[] = [];
      this.#report('copy', undefined, 0);
      for (const table of tables) sums.push(await this.#copyTable(database, table));
      const violations = database.pragma('foreign_key_check') as unknown[];
      if (violations.length > 0)
        throw new ValueError(`${violations.length} foreign keys point nowhere in the source.`);
      database.pragma('wal_checkpoint(truncate)');
      return sums;
    } finally {
      database.close();
    }
  }

  async #copyTable(database: Sqlite.Database, back: BackTable): Promise<HashSums> {
    const { table, columns } = back;
    const names = columns.map(({ name }) => name);
    const insert = database.prepare<SqliteValue[]>(
      `insert into ${quoteName(table.name)} (${quoteNames(names)}) values (${names.map(() => '?').join(', ')})`,
    );
    const sums = new HashSums();
    let rows = 0;
    const scanner = new TupleScanner(table.primaryKey.length, (bytes, from, keyEnd, to) => {
      sums.add(bytes, from + 2, keyEnd, to);
      insert.run(...decodeTuple(back, bytes, from));
      rows += 1;
      if (rows % 5_000 === 0) this.#report('copy', table.name, 5_000);
    });
    const select = columns.map((column) => column.select).join(', ');
    database.exec('begin');
    for await (const chunk of this.#session.copyOut(
      `copy (select ${select} from ${quoteName(table.name)}) to stdout (format binary)`,
    )) {
      if (this.#options.signal?.aborted) throw new AbortedError('The work was stopped.');
      scanner.push(chunk as Buffer);
    }
    await this.#setSequence(database, back);
    database.exec('commit');
    return sums;
  }

  /** SQLite counts on from the sequence’s last number, as PostgreSQL would. */
  async #setSequence(database: Sqlite.Database, back: BackTable): Promise<void> {
    const identity = identityOf(back);
    if (identity === undefined) return;
    const [sequence] = await this.#session.query<{ name: string | null }>(
      'select pg_get_serial_sequence($1, $2) as name',
      [quoteName(back.table.name), identity.name],
    );
    if (sequence?.name == null) return;
    const [state] = await this.#session.query<{ last: string }>(
      `select case when is_called then last_value else last_value - 1 end as last from ${sequence.name}`,
    );
    const last = BigInt(state?.last ?? 0);
    database.prepare('delete from sqlite_sequence where name = ?').run(back.table.name);
    database.prepare('insert into sqlite_sequence (name, seq) values (?, ?)').run(back.table.name, last);
  }

  async #verify(tables: readonly BackTable[], sums: readonly HashSums[]): Promise<VerifiedTable[]> {
    const pool = await ReaderPool.open(this.#path, 2);
    try {
      this.#report('verify', undefined, 0);
      const verified: VerifiedTable[] = [];
      for (const [index, back] of tables.entries()) {
        verified.push(
          await verifyTable(readingOf(back), postgresSide(this.#session), sqliteSide(pool), sums[index]),
        );
      }
      return verified;
    } finally {
      await pool.close();
    }
  }

  #report(phase: TransferProgress['phase'], table: string | undefined, rows: number): void {
    this.#options.onProgress?.({ phase, table, rows, totalRows: undefined });
  }
}

function readingOf({ table, columns }: BackTable): TableReading {
  return {
    source: table.name,
    target: table.name,
    rowidName: undefined,
    keyCount: table.primaryKey.length,
    generatedCount: 0,
    hasBigIntegers: true,
    exceptSql: undefined,
    batchRows: 1,
    columns: columns.map(readingOfBack),
  };
}

function decodeTuple({ table, columns }: BackTable, bytes: Buffer, from: number): SqliteValue[] {
  let at = from + 2;
  return columns.map(({ name, type }) => {
    const length = bytes.readInt32BE(at);
    at += 4;
    if (length < 0) return null;
    const decoded = decodeValue(type, bytes.subarray(at, at + length));
    at += length;
    if ('value' in decoded) return toStored(decoded.value, type.name);
    throw new ValueError(
      `${quoteName(table.name)}.${quoteName(name)} holds ${decoded.problem}, which SQLite cannot hold. Change it in the source first.`,
      {
        table: table.name,
        column: name,
      },
    );
  });
}

/** better-sqlite3 binds a number as a real: what is stored as an integer has to be a bigint. */
function toStored(value: SqliteValue, type: string): SqliteValue {
  const isInteger = typeof value === 'number' && type !== 'double precision' && type !== 'real';
  return isInteger ? BigInt(value) : value;
}
