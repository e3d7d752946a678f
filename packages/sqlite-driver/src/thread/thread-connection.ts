import Sqlite from 'better-sqlite3';
import { defineNumericFunctions } from '../numeric/numeric-functions.js';
import { BIGINT_MARK, markedColumns } from '../sqlite-bigint-columns.js';
import { portableType } from '../sqlite-column-types.js';
import { statementKind } from '../sqlite-statement.js';
import { parseTypeHints, type TypeHints } from '../sqlite-type-hints.js';
import { isAtLeast, OLDEST_SQLITE } from '../sqlite-versions.js';
import {
  type ConnectionOptions,
  type ResultColumns,
  type SqliteValue,
  type ThreadStatement,
  TOO_OLD,
} from './thread-protocol.js';

/** Prepared statements kept per connection. */
const STATEMENT_LIMIT = 500;

/** Memory for pages, per connection. */
const CACHE_KIB = 16_000;

/** The WAL file is cut back to this size when it starts over. */
const WAL_LIMIT_BYTES = 64 * 2 ** 20;

/** A statement that is ready to run, and what its columns are. */
export interface Prepared {
  readonly statement: Sqlite.Statement<unknown[], SqliteValue[]>;
  /** `undefined` for a statement that returns no rows. */
  readonly columns: ResultColumns | undefined;
  /** Indexes of the columns that SQLite hands over as bigints, although a number is wanted wherever it is exact. */
  readonly narrowed: readonly number[];
  readonly isReadonly: boolean;
  readonly changesSchema: boolean;
}

/** A thread's connection: pragmas, prepared statements, and the types of columns. */
export class ThreadConnection {
  readonly #database: Sqlite.Database;
  readonly #isPortable: boolean;
  readonly #prepared = new Map<string, Prepared>();
  readonly #controls = new Map<string, Sqlite.Statement>();
  readonly #schemaVersion: Sqlite.Statement<unknown[], number>;
  readonly #changes: Sqlite.Statement<unknown[], number>;
  #preparedFor: number | undefined;
  #bigintColumns: ReadonlySet<string> = new Set();

  constructor(options: ConnectionOptions) {
    this.#database = new Sqlite(options.path, { readonly: options.role === 'reader', timeout: 0 });
    this.#isPortable = options.values === 'portable';
    this.#schemaVersion = this.#database.prepare<unknown[], number>('pragma schema_version').pluck();
    this.#changes = this.#database.prepare<unknown[], number>('select changes()').pluck();
  }

  get inTransaction(): boolean {
    return this.#database.inTransaction;
  }

  /** Applies the settings of the connection itself. Whether the file is a database shows here. */
  configure(options: ConnectionOptions): void {
    const database = this.#database;
    assertVersion(String(database.prepare('select sqlite_version()').pluck().get()));
    database.prepare('select count(*) from sqlite_schema').get();
    database.pragma(`cache_size = -${CACHE_KIB}`);
    database.pragma('foreign_keys = on');
    if (this.#isPortable) {
      database.pragma('case_sensitive_like = on');
      defineNumericFunctions(database);
    }
    if (options.role === 'reader') database.pragma('query_only = on');
    else this.#configureWriter(options);
  }

  #configureWriter({ synchronous }: ConnectionOptions): void {
    const mode = this.#database.pragma('journal_mode = wal', { simple: true });
    if (mode !== 'wal')
      throw new Error(`The file system does not offer what WAL needs; journal_mode stays "${mode}".`);
    this.#database.pragma(`synchronous = ${synchronous}`);
    this.#database.pragma(`journal_size_limit = ${WAL_LIMIT_BYTES}`);
  }

  /** Runs one of the few statements that frame a transaction: BEGIN, COMMIT, ROLLBACK. */
  control(sql: string): void {
    let statement = this.#controls.get(sql);
    if (statement === undefined) {
      statement = this.#database.prepare(sql);
      this.#controls.set(sql, statement);
    }
    statement.run();
  }

  /** Undoes the open transaction, if there is one. */
  rollback(): void {
    if (!this.#database.inTransaction) return;
    this.control('rollback');
    // What the transaction changed of the schema is gone, and another change may get the same version.
    this.#preparedFor = undefined;
  }

  /** Reads a pragma's rows. */
  pragma(sql: string): unknown[] {
    const rows = this.#database.pragma(sql);
    return Array.isArray(rows) ? rows : [];
  }

  /** Reads rows for the driver's own use. */
  rows<R>(sql: string, ...parameters: readonly SqliteValue[]): R[] {
    return this.#database.prepare<unknown[], R>(sql).all(...parameters);
  }

  /** Runs a statement once more, whatever it gives. */
  runAgain(statement: ThreadStatement): void {
    const { statement: prepared, columns } = this.prepare(statement.sql);
    const parameters = this.bind(statement);
    if (columns === undefined) prepared.run(...parameters);
    else prepared.all(...parameters);
  }

  /** Runs `work` inside the open transaction and takes back what it did. */
  undoing<T>(work: () => T): T {
    this.control('savepoint sluice_look');
    try {
      return work();
    } finally {
      this.control('rollback to sluice_look');
      this.control('release sluice_look');
      this.#database.pragma('defer_foreign_keys = off');
    }
  }

  /** Whether details of a violation are worth finding out: native errors are the engine's own. */
  get isPortable(): boolean {
    return this.#isPortable;
  }

  /** Writes a field of the file's header as it is. */
  rewriteHeader(): void {
    const version = this.#database.pragma('user_version', { simple: true });
    this.#database.pragma(`user_version = ${version}`);
  }

  /** Rows the last statement changed and did not take back. After a failed statement: more than 0 when it left part of its work. */
  changes(): number {
    return this.#changes.get() ?? 0;
  }

  /**
   * Forgets what was prepared when the schema has changed since, and says whether it has. Called inside a transaction, where it cannot change
   * unseen.
   */
  refreshSchema(): boolean {
    const version = this.#schemaVersion.get();
    if (version === this.#preparedFor) return false;
    this.#preparedFor = version;
    this.#prepared.clear();
    if (this.#isPortable) this.#bigintColumns = readBigintColumns(this.#database);
    return true;
  }

  /** Prepares a statement, or finds it prepared. */
  prepare(sql: string): Prepared {
    const known = this.#prepared.get(sql);
    if (known !== undefined) {
      this.#prepared.delete(sql);
      this.#prepared.set(sql, known);
      return known;
    }
    const prepared = this.#create(sql);
    this.#prepared.set(sql, prepared);
    if (this.#prepared.size > STATEMENT_LIMIT) this.#forgetOldest();
    return prepared;
  }

  /** The parameters as better-sqlite3 takes them. */
  bind({ parameters }: ThreadStatement): readonly SqliteValue[] {
    return this.#isPortable ? parameters.map(toBound) : parameters;
  }

  /** Copies the database, as it is at this moment, into a new file, `pages` at a time; `onProgress` may throw to give up. */
  async backup(path: string, pages: number, onProgress: () => void): Promise<void> {
    await this.#database.backup(path, {
      progress: () => {
        onProgress();
        return pages;
      },
    });
  }

  close(): void {
    this.#database.close();
  }

  #create(sql: string): Prepared {
    const statement = this.#database.prepare<unknown[], SqliteValue[]>(sql);
    const isReadonly = statement.readonly;
    const changesSchema = !isReadonly && statementKind(sql) === 'schema';
    if (!statement.reader) return { statement, columns: undefined, narrowed: [], isReadonly, changesSchema };
    const columns = this.#columns(statement, sql);
    const takesBigints = columns.types?.some(mayHoldBigint) ?? false;
    statement.raw(true).safeIntegers(takesBigints);
    const narrowed = takesBigints ? narrowedColumns(columns) : [];
    return { statement, columns, narrowed, isReadonly, changesSchema };
  }

  #columns(statement: Sqlite.Statement, sql: string): ResultColumns {
    const definitions = statement.columns();
    const names = definitions.map(({ name }) => name);
    if (!this.#isPortable) return { names, types: undefined };
    const hints = parseTypeHints(sql);
    return { names, types: definitions.map((definition) => this.#type(definition, hints)) };
  }

  #type({ name, type, table, column }: Sqlite.ColumnDefinition, hints: TypeHints): string | null {
    if (type === null) return hints.get(name) ?? null;
    return this.#bigintColumns.has(columnKey(table, column)) ? 'bigint' : type;
  }

  #forgetOldest(): void {
    const oldest = this.#prepared.keys().next().value;
    if (oldest !== undefined) this.#prepared.delete(oldest);
  }
}

function narrowedColumns({ types = [] }: ResultColumns): number[] {
  return types.flatMap((type, index) => (type !== null && isBigint(type) ? [] : [index]));
}

/** Whether whole numbers beyond 2^53 may be right in it; in any other column they are refused when they are decoded. */
function mayHoldBigint(type: string | null): boolean {
  const name = type === null ? undefined : portableType(type)?.name;
  return name === undefined || name === 'bigint';
}

function isBigint(type: string): boolean {
  return /^(?:bigint|int8)$/i.test(type);
}

function assertVersion(version: string): void {
  if (isAtLeast(version, OLDEST_SQLITE)) return;
  throw new Sqlite.SqliteError(
    `SQLite ${version} may corrupt a database that several connections use; ${OLDEST_SQLITE} is the first without that bug.`,
    TOO_OLD,
  );
}

const INT64_LIMIT = 2 ** 63;

/** A value as better-sqlite3 takes it: it would bind every number as a REAL. */
export function toBound(value: SqliteValue): SqliteValue {
  if (typeof value !== 'number' || !Number.isInteger(value)) return value;
  return value >= -INT64_LIMIT && value < INT64_LIMIT ? BigInt(value) : value;
}

function readBigintColumns(database: Sqlite.Database): ReadonlySet<string> {
  const sql = `select name, sql from sqlite_schema where type = 'table' and instr(sql, '${BIGINT_MARK}') > 0`;
  const keys = new Set<string>();
  for (const table of database.prepare<unknown[], { name: string; sql: string }>(sql).iterate()) {
    for (const column of markedColumns(table.sql)) keys.add(columnKey(table.name, column));
  }
  return keys;
}

function columnKey(table: string | null, column: string | null): string {
  return `${table}\0${column}`;
}
