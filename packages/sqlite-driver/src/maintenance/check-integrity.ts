import Sqlite from 'better-sqlite3';
import { quoteIdentifier } from '../sql/quoting.js';
import { openToRead } from './open-to-read.js';
import type { TaskContext } from './task-context.js';

/** Checks the database at `path` for damage. */
export interface CheckTask {
  readonly kind: 'check';
  readonly path: string;
}

/** A problem that SQLite found. */
export interface IntegrityProblem {
  /** The table it concerns; `undefined` for the file as a whole. */
  readonly table: string | undefined;
  /** SQLite's message. */
  readonly message: string;
}

/** A row whose foreign key has no parent row. */
export interface BrokenForeignKey {
  readonly table: string;
  /** `undefined` in a table without rowids. */
  readonly rowid: bigint | undefined;
  /** The table that the key refers to. */
  readonly parent: string;
}

/** What {@link checkIntegrity} found. */
export interface IntegrityReport {
  /** Whether no problem and no broken foreign key was found. */
  readonly isSound: boolean;
  /** Damage to the file; SQLite reports at most 100 per table. */
  readonly problems: readonly IntegrityProblem[];
  /** Rows without their parent; at most 1,000. */
  readonly brokenForeignKeys: readonly BrokenForeignKey[];
  /** How many tables were checked. */
  readonly tables: number;
}

const MOST_BROKEN_KEYS = 1000;

/**
 * Checks one table after another, each on a snapshot of its own, so that no snapshot blocks the WAL for longer than one table takes. Then checks
 * the file as a whole, for pages that no table uses or that two use, and the foreign keys of each table.
 */
export function checkIntegrity({ path }: CheckTask, context: TaskContext): IntegrityReport {
  const database = openToRead(path);
  try {
    return checkOpened(database, context);
  } finally {
    database.close();
  }
}

/** {@link checkIntegrity} on an open connection. */
export function checkOpened(database: Sqlite.Database, context: TaskContext): IntegrityReport {
  database.pragma('cell_size_check = on');
  const problems: IntegrityProblem[] = [];
  const brokenForeignKeys: BrokenForeignKey[] = [];
  const names = readTables(database, problems);
  const total = 2 * names.length + 1;
  let done = 0;
  const step = (work: () => void): void => {
    context.assertNotCancelled();
    work();
    done += 1;
    context.onProgress(done, total);
  };
  for (const table of names) step(() => problems.push(...checkTable(database, table)));
  step(() => problems.push(...checkFile(database, problems.length > 0)));
  for (const table of names)
    step(() => brokenForeignKeys.push(...checkForeignKeys(database, table, problems)));
  const isSound = problems.length === 0 && brokenForeignKeys.length === 0;
  const shown = brokenForeignKeys.slice(0, MOST_BROKEN_KEYS);
  return { isSound, problems, brokenForeignKeys: shown, tables: names.length };
}

function readTables(database: Sqlite.Database, problems: IntegrityProblem[]): string[] {
  try {
    const sql = `select name from sqlite_schema where type = 'table' and rootpage > 0 order by name`;
    return database.prepare<unknown[], string>(sql).pluck().all();
  } catch (error) {
    problems.push(toProblem('sqlite_schema', error));
    return [];
  }
}

function checkTable(database: Sqlite.Database, table: string): IntegrityProblem[] {
  return messagesOf(database, `pragma integrity_check(${quoteIdentifier(table)})`, table);
}

/** Checks the file as a whole, unless a table is damaged: it would report the same damage again. */
function checkFile(database: Sqlite.Database, isDamaged: boolean): IntegrityProblem[] {
  return isDamaged ? [] : messagesOf(database, 'pragma quick_check', undefined);
}

function messagesOf(database: Sqlite.Database, sql: string, table: string | undefined): IntegrityProblem[] {
  try {
    const messages = database.prepare<unknown[], string>(sql).pluck().all();
    return messages.filter((message) => message !== 'ok').map((message) => ({ table, message }));
  } catch (error) {
    return [toProblem(table, error)];
  }
}

function checkForeignKeys(
  database: Sqlite.Database,
  table: string,
  problems: IntegrityProblem[],
): BrokenForeignKey[] {
  interface Row {
    readonly rowid: bigint | null;
    readonly parent: string;
  }
  const broken: BrokenForeignKey[] = [];
  try {
    const statement = database.prepare<unknown[], Row>(`pragma foreign_key_check(${quoteIdentifier(table)})`);
    for (const { rowid, parent } of statement.safeIntegers().iterate()) {
      broken.push({ table, rowid: rowid ?? undefined, parent });
      if (broken.length === MOST_BROKEN_KEYS) break;
    }
  } catch (error) {
    problems.push(toProblem(table, error));
  }
  return broken;
}

/** An error of SQLite during a check becomes a problem. Throws any other error, and that the file is not a database. */
function toProblem(table: string | undefined, error: unknown): IntegrityProblem {
  if (error instanceof Sqlite.SqliteError && !error.code.startsWith('SQLITE_NOTADB')) {
    return { table, message: error.message };
  }
  throw error;
}
