import Sqlite from 'better-sqlite3';
import { type Failure, MOVED, TOO_OLD } from '../errors/failure.js';
import { hasReachedSizeLimit } from '../file/file-size-limit.js';
import { fileIdentity } from '../file/file-watch.js';
import { isAtLeast, OLDEST_SQLITE } from '../file/versions.js';
import { statementKind } from '../sql/statement.js';
import { BIGINT_MARK, markedColumns } from '../values/bigint-columns.js';
import { mayHoldBigint } from '../values/narrow-types.js';
import { defineNumericFunctions } from '../values/numeric-functions.js';
import type { ResultColumns } from '../values/result-part.js';
import type { SqliteValue } from '../values/sqlite-value.js';
import { parseTypeHints, type TypeHints } from '../values/type-hints.js';
import type { ConnectionOptions, PreparedCounts, ThreadStatement } from './thread-protocol.js';
import type { CheckpointMode, WalState } from './wal-state.js';

/** Prepared statements kept per connection. */
const STATEMENT_LIMIT = 500;

/** What a frame of the WAL has before its page (sqlite.org/fileformat2.html#the_write_ahead_log). */
const FRAME_HEADER_BYTES = 24;

/** What `pragma wal_checkpoint` gives. */
interface CheckpointRow {
  readonly busy: number;
  readonly log: number;
  readonly checkpointed: number;
}

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
  readonly #checkpoints = new Map<CheckpointMode, Sqlite.Statement<unknown[], CheckpointRow>>();
  readonly #role: ConnectionOptions['role'];
  #frameBytes = 0;
  #hits = 0;
  #misses = 0;
  #preparedFor: number | undefined;
  #bigintColumns: ReadonlySet<string> = new Set();

  /** Opens the file and applies the settings of the connection. Nothing stays open when that fails. */
  static open(options: ConnectionOptions): ThreadConnection {
    const connection = new ThreadConnection(options);
    try {
      connection.#configure(options);
      return connection;
    } catch (error) {
      connection.close();
      throw error;
    }
  }

  private constructor(options: ConnectionOptions) {
    assertSameFile(options);
    this.#database = new Sqlite(options.path, { readonly: options.role === 'reader', timeout: 0 });
    this.#isPortable = options.values === 'portable';
    this.#role = options.role;
    this.#schemaVersion = this.#database.prepare<unknown[], number>('pragma schema_version').pluck();
    this.#changes = this.#database.prepare<unknown[], number>('select changes()').pluck();
  }

  /** How its statements were found since it was opened. */
  get preparedCounts(): PreparedCounts {
    return { hits: this.#hits, misses: this.#misses };
  }

  get inTransaction(): boolean {
    return this.#database.inTransaction;
  }

  /** Applies the settings of the connection itself. Whether the file is a database shows here. */
  #configure(options: ConnectionOptions): void {
    const database = this.#database;
    assertVersion(String(database.prepare('select sqlite_version()').pluck().get()));
    database.prepare('select count(*) from sqlite_schema').get();
    database.pragma(`cache_size = -${Math.ceil(options.cacheBytes / 1024)}`);
    database.pragma(`mmap_size = ${options.mmapBytes}`);
    database.pragma(`temp_store = ${options.tempStore}`);
    database.pragma('foreign_keys = on');
    if (this.#isPortable) {
      database.pragma('case_sensitive_like = on');
      defineNumericFunctions(database);
    }
    if (options.role === 'reader') database.pragma('query_only = on');
    else this.#configureWriter(options);
    this.#frameBytes = Number(database.pragma('page_size', { simple: true })) + FRAME_HEADER_BYTES;
  }

  #configureWriter({ synchronous, walLimitBytes }: ConnectionOptions): void {
    // Acts on a new file, and when VACUUM rewrites an old one. It costs a page in 800, and lets the file shrink in small steps.
    if (this.#database.pragma('auto_vacuum', { simple: true }) === 0)
      this.#database.pragma('auto_vacuum = incremental');
    const mode = this.#database.pragma('journal_mode = wal', { simple: true });
    if (mode !== 'wal')
      throw new Error(`The file system does not offer what WAL needs; journal_mode stays "${mode}".`);
    this.#database.pragma(`synchronous = ${synchronous}`);
    this.#database.pragma(`journal_size_limit = ${walLimitBytes}`);
    // Checkpoints are made by the WAL manager, and never by a COMMIT.
    this.#database.pragma('wal_autocheckpoint = 0');
  }

  /** Makes a checkpoint and tells what the WAL is then; `noop` only tells. */
  checkpoint(mode: CheckpointMode): WalState & { readonly isBusy: boolean } {
    let statement = this.#checkpoints.get(mode);
    if (statement === undefined) {
      statement = this.#database.prepare<unknown[], CheckpointRow>(`pragma wal_checkpoint(${mode})`);
      this.#checkpoints.set(mode, statement);
    }
    const { busy, log, checkpointed } = statement.get() ?? { busy: 1, log: 0, checkpointed: 0 };
    // -1 stands for "not in WAL mode", or for a WAL that somebody else has locked.
    const frames = { frames: Math.max(0, log), checkpointed: Math.max(0, checkpointed) };
    return { ...frames, frameBytes: this.#frameBytes, isBusy: busy !== 0 };
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
    this.forgetSchema();
  }

  /** After something was undone: what it changed of the schema is gone, and another change may get the same version. */
  forgetSchema(): void {
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

  /** Adds what SQLite does not tell of a failed write: all but checkpoints are to the WAL. */
  explain(failure: Failure): Failure {
    if (failure.code !== 'SQLITE_IOERR_WRITE') return failure;
    return { ...failure, isAtSizeLimit: hasReachedSizeLimit(`${this.#database.name}-wal`) };
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
      this.#hits += 1;
      this.#prepared.delete(sql);
      this.#prepared.set(sql, known);
      return known;
    }
    this.#misses += 1;
    const prepared = this.#create(sql);
    this.#prepared.set(sql, prepared);
    if (this.#prepared.size > STATEMENT_LIMIT) this.#forgetOldest();
    return prepared;
  }

  /** The parameters as better-sqlite3 takes them. */
  bind({ parameters }: ThreadStatement): readonly SqliteValue[] {
    return this.#isPortable ? parameters.map(toBound) : parameters;
  }

  /** The writer takes the WAL with it, unless another process still needs it. */
  close(): void {
    if (this.#role === 'writer' && this.#database.open && !this.#database.inTransaction) this.#truncateWal();
    this.#database.close();
  }

  #truncateWal(): void {
    try {
      this.checkpoint('truncate');
    } catch {
      // What is not copied stays in the WAL, and the next connection to the file finds it there.
    }
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

/** A file that was deleted must not be made again, empty, by whoever opens it next; nor may two connections use different files. */
function assertSameFile({ path, file: { identity } }: ConnectionOptions): void {
  if (identity === undefined || fileIdentity(path) === identity) return;
  throw new Sqlite.SqliteError('The file is not where it was opened.', MOVED);
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
