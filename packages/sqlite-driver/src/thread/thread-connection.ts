import Sqlite from 'better-sqlite3';
import { type Failure, TEMPORARY } from '../errors/failure.js';
import { mendCompanions } from '../file/file-access.js';
import { hasReachedSizeLimit } from '../file/file-size-limit.js';
import { FileWatch } from '../file/file-watch.js';
import { MAY_FAIL_HALFWAY, mentionsFail } from '../sql/conflict-fail.js';
import { statementKind } from '../sql/statement.js';
import { defineJsonbText } from '../values/jsonb-text.js';
import { mayHoldBigint, narrowedColumns } from '../values/narrow-types.js';
import { defineNumericFunctions } from '../values/numeric-functions.js';
import { definePercentiles } from '../values/percentile.js';
import type { ResultColumns } from '../values/result-part.js';
import { type SqliteValue, toBound } from '../values/sqlite-value.js';
import { defineTextNumbers } from '../values/text-numbers.js';
import { defineTimeFunctions } from '../values/time-functions.js';
import { parseTypeHints, type TypeHints } from '../values/type-hints.js';
import {
  assertLeavesNothing,
  assertSameFiles,
  assertStillWal,
  assertVersion,
  changedError,
} from './open-checks.js';
import type { Prepared } from './prepared.js';
import { RowNumber } from './row-number.js';
import { columnKey, NO_FACTS, readSchemaFacts } from './schema-facts.js';
import { StatementCache } from './statement-cache.js';
import type { ConnectionOptions, PreparedCounts, ThreadStatement } from './thread-protocol.js';
import { TruncationWatch } from './truncation-watch.js';
import { FRAME_HEADER_BYTES } from './wal-frames.js';
import type { CheckpointMode, WalState } from './wal-state.js';

/** How many statements for the driver's own use are kept: those that describe a violated constraint are needed again and again. */
const MOST_OWN_STATEMENTS = 20;

/** The row that `pragma wal_checkpoint` returns. */
interface CheckpointRow {
  readonly busy: number;
  readonly log: number;
  readonly checkpointed: number;
}

/** A thread's connection: sets pragmas, keeps prepared statements, and knows the types of columns. */
export class ThreadConnection {
  readonly #database: Sqlite.Database;
  readonly #isPortable: boolean;
  readonly #options: ConnectionOptions;
  readonly #prepared = new StatementCache<Prepared>();
  readonly #own = new StatementCache<Sqlite.Statement<unknown[], unknown>>(MOST_OWN_STATEMENTS);
  readonly #controls = new Map<string, Sqlite.Statement>();
  readonly #schemaVersion: Sqlite.Statement<unknown[], number>;
  readonly #changes: Sqlite.Statement<unknown[], number>;
  readonly #checkpoints = new Map<CheckpointMode, Sqlite.Statement<unknown[], CheckpointRow>>();
  /** Knows whether somebody cut the file or its WAL. */
  readonly truncation: TruncationWatch;
  #files: FileWatch | undefined;
  #pageBytes = 0;
  #hits = 0;
  #misses = 0;
  #preparedFor: number | undefined;
  #facts = NO_FACTS;

  /**
   * Opens the file and applies the connection's settings. Closes the file again when that fails.
   *
   * @throws SqliteError; Error when the file system does not support WAL.
   */
  static open(options: ConnectionOptions): ThreadConnection {
    const connection = new ThreadConnection(options);
    try {
      connection.#configure(options);
      // In a file that was just made, the first read makes the WAL.
      connection.#schemaVersion.get();
      assertSameFiles(options);
      connection.#files = new FileWatch(options.path, options.files);
      return connection;
    } catch (error) {
      connection.close();
      throw error;
    }
  }

  private constructor(options: ConnectionOptions) {
    assertSameFiles(options);
    assertLeavesNothing(options);
    if (options.role === 'writer') mendCompanions(options.path);
    this.#database = new Sqlite(options.path, { readonly: options.role === 'reader', timeout: 0 });
    this.#options = options;
    this.#isPortable = options.values === 'portable';
    this.truncation = new TruncationWatch(this, options.path);
    this.#schemaVersion = this.#database.prepare<unknown[], number>('pragma schema_version').pluck();
    this.#changes = this.#database.prepare<unknown[], number>('select changes()').pluck();
  }

  /** Hits and misses of its prepared statements since it was opened. */
  get preparedCounts(): PreparedCounts {
    return { hits: this.#hits, misses: this.#misses };
  }

  get inTransaction(): boolean {
    return this.#database.inTransaction;
  }

  /** Applies the connection's settings. Fails here when the file is not a database. */
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
      definePercentiles(database);
      defineTimeFunctions(database);
      defineJsonbText(database);
      defineTextNumbers(database);
    }
    if (options.role === 'reader') database.pragma('query_only = on');
    else this.#configureWriter(options);
    this.#pageBytes = Number(database.pragma('page_size', { simple: true }));
  }

  #configureWriter({ synchronous, walLimitBytes, files }: ConnectionOptions): void {
    assertStillWal(this.#database.pragma('journal_mode', { simple: true }), files);
    // Takes effect in a new file, and when VACUUM rewrites an old one. It costs one page in 800 and lets the file shrink in small steps.
    if (this.#database.pragma('auto_vacuum', { simple: true }) === 0)
      this.#database.pragma('auto_vacuum = incremental');
    const mode = this.#database.pragma('journal_mode = wal', { simple: true });
    if (mode !== 'wal')
      throw new Error(`The file system does not offer what WAL needs; journal_mode stays "${mode}".`);
    this.#database.pragma(`synchronous = ${synchronous}`);
    this.#database.pragma(`journal_size_limit = ${walLimitBytes}`);
    // The WAL manager makes the checkpoints, never a COMMIT.
    this.#database.pragma('wal_autocheckpoint = 0');
  }

  /** Makes a checkpoint and returns the state of the WAL after it; `noop` only returns the state. */
  checkpoint(mode: CheckpointMode): WalState & { readonly isBusy: boolean } {
    let statement = this.#checkpoints.get(mode);
    if (statement === undefined) {
      statement = this.#database.prepare<unknown[], CheckpointRow>(`pragma wal_checkpoint(${mode})`);
      this.#checkpoints.set(mode, statement);
    }
    const { busy, log, checkpointed } = statement.get() ?? { busy: 1, log: 0, checkpointed: 0 };
    // -1 means that the file is not in WAL mode, or that another connection has locked the WAL.
    const frames = { frames: Math.max(0, log), checkpointed: Math.max(0, checkpointed) };
    return { ...frames, frameBytes: this.#pageBytes + FRAME_HEADER_BYTES, isBusy: busy !== 0 };
  }

  /** Knows whether the files are still those that were opened. */
  get files(): FileWatch {
    if (this.#files === undefined) throw new Error('The connection is not open yet.');
    return this.#files;
  }

  /** Whether the WAL may be copied into the file: both are those that were opened, and nothing was cut off. */
  isFitToCopy(state: WalState): boolean {
    if (!this.files.isInPlace()) return false;
    return !this.truncation.isUnfitToCopy(state) || this.files.noteChange();
  }

  /**
   * Rolls back the open transaction when the WAL is shorter than it was. Call it before COMMIT, which would write behind the end that is gone. True when it did:
   * run the transaction again. If somebody cut the WAL, BEGIN fails then.
   */
  rollsBackCutWal(): boolean {
    if (!this.truncation.isWalShorter()) return false;
    this.rollback();
    if (this.truncation.isTruncated(this.checkpoint('noop'))) this.files.noteChange();
    return true;
  }

  /** @throws SqliteError {@link CHANGED} when somebody changed the files; looks at most every ten milliseconds. */
  assertInPlace(): void {
    if (!this.files.wasInPlace()) throw changedError();
  }

  /** Begins a transaction, in files that are in place. */
  begin(sql: 'begin' | 'begin immediate'): void {
    this.assertInPlace();
    this.control(sql);
  }

  get pageBytes(): number {
    return this.#pageBytes;
  }

  /** The size of the database, in pages. */
  pageCount(): number {
    return Number(this.#database.pragma('page_count', { simple: true }));
  }

  /** Differs from the last when another connection has committed, or started the WAL over. */
  dataVersion(): unknown {
    return this.#database.pragma('data_version', { simple: true });
  }

  /** Runs a statement that controls a transaction, such as BEGIN, COMMIT or SAVEPOINT. They stay prepared. */
  control(sql: string): void {
    let statement = this.#controls.get(sql);
    if (statement === undefined) {
      statement = this.#database.prepare(sql);
      this.#controls.set(sql, statement);
    }
    statement.run();
  }

  /** Rolls back the open transaction, if there is one. */
  rollback(): void {
    if (!this.#database.inTransaction) return;
    this.control('rollback');
    // What a reader rolls back has not changed the schema.
    if (this.#options.role === 'writer') this.forgetSchema();
  }

  /**
   * Makes the next {@link ThreadConnection.refreshSchema} discard all statements. Call it after a rollback: a later schema change may get
   * the same version.
   */
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
    let statement = this.#own.get(sql);
    if (statement === undefined) {
      statement = this.#database.prepare<unknown[], unknown>(sql);
      this.#own.add(sql, statement);
    }
    return statement.all(...parameters) as R[];
  }

  /** Runs a statement once more and discards its rows. */
  runAgain(statement: ThreadStatement): void {
    const { statement: prepared, columns } = this.prepare(statement.sql);
    const parameters = this.bind(statement);
    if (columns === undefined) prepared.run(...parameters);
    else prepared.all(...parameters);
  }

  /** Runs `work` in a savepoint of the open transaction and rolls it back. */
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

  /** Whether violations are described. With native values, errors are thrown as the engine makes them. */
  get isPortable(): boolean {
    return this.#isPortable;
  }

  /** Adds to a failed write whether the WAL has reached the size limit. All writes except checkpoints go to the WAL. */
  explain(failure: Failure): Failure {
    if (failure.code !== 'SQLITE_IOERR_WRITE') return failure;
    return { ...failure, isAtSizeLimit: hasReachedSizeLimit(`${this.#database.name}-wal`) };
  }

  /** Writes a field of the file's header with its present value. */
  rewriteHeader(): void {
    const version = this.#database.pragma('user_version', { simple: true });
    this.#database.pragma(`user_version = ${version}`);
  }

  /** Undoes the work since a savepoint, and removes the savepoint. */
  undoTo(savepoint: string, changedSchema: boolean): void {
    this.control(`rollback to ${savepoint}`);
    this.control(`release ${savepoint}`);
    if (!changedSchema) return;
    this.forgetSchema();
    this.refreshSchema();
  }

  /**
   * Temporary objects belong to the connection: a temporary table hides the table of that name from the writer, and readers do not see it.
   *
   * @throws SqliteError {@link TEMPORARY} when there is one.
   */
  assertNothingTemporary(): void {
    const [found] = this.rows<{ type: string; name: string }>('select type, name from sqlite_temp_schema');
    if (found === undefined) return;
    throw new Sqlite.SqliteError(
      `The ${found.type} "${found.name}" would be temporary, which is not offered: it would belong to one connection, and readers have others. Create it without TEMP and without the schema "temp".`,
      TEMPORARY,
    );
  }

  /** How many rows the last statement changed. */
  changes(): number {
    return this.#changes.get() ?? 0;
  }

  /**
   * Discards the prepared statements when the schema has changed since. True when it has. Call it inside a transaction, in which no other
   * connection can change the schema.
   */
  refreshSchema(): boolean {
    const version = this.#schemaVersion.get();
    if (version === this.#preparedFor) return false;
    this.#prepared.clear();
    this.#facts = readSchemaFacts(this.#database);
    this.#preparedFor = version;
    return true;
  }

  /** The version of the schema at the last refresh: that of the open transaction, if it began with one. */
  get schemaVersion(): number | undefined {
    if (this.#preparedFor === undefined) this.refreshSchema();
    return this.#preparedFor;
  }

  /** Prepares a statement, or takes it from the cache. */
  prepare(sql: string): Prepared {
    const known = this.#prepared.get(sql);
    if (known !== undefined) {
      this.#hits += 1;
      return known;
    }
    this.#misses += 1;
    const prepared = this.#create(sql);
    this.#prepared.add(sql, prepared);
    return prepared;
  }

  /** The parameters in the types that better-sqlite3 binds correctly. */
  bind({ parameters }: ThreadStatement): readonly SqliteValue[] {
    return this.#isPortable ? parameters.map(toBound) : parameters;
  }

  /**
   * Opens the file again, and closes this connection, when the statements that it has removed take too much memory: only closing frees them for sure.
   * Otherwise, in a transaction, and when that fails or the files are not where they were, it returns this connection. Discard all that was prepared.
   */
  renewed(): ThreadConnection {
    if (!(this.#prepared.isWorn || this.#own.isWorn) || this.inTransaction) return this;
    this.#prepared.resetWear();
    this.#own.resetWear();
    const next = this.files.isInPlace() ? tryOpen(this.#options) : undefined;
    if (next === undefined) return this;
    if (!this.files.isInPlace()) {
      next.close();
      return this;
    }
    next.#hits = this.#hits;
    next.#misses = this.#misses;
    this.close();
    return next;
  }

  /**
   * Closes the connection. As the last one of the file it lets SQLite copy what is left in the WAL, and remove it; if the files were changed, the local
   * connection is closed after it, which keeps SQLite from doing so.
   */
  close(): void {
    this.truncation.close();
    this.#database.close();
  }

  #create(sql: string): Prepared {
    const statement = this.#database.prepare<unknown[], SqliteValue[]>(sql);
    const isReadonly = statement.readonly;
    const kindByWord = statementKind(sql);
    const changesSchema = !isReadonly && kindByWord === 'schema';
    const isRollbackTo = kindByWord === 'savepoint' && /rollback/i.test(sql);
    const leaves = isReadonly ? 'nothing' : this.#leaves(sql);
    const kind = { isReadonly, changesSchema, isRollbackTo, leaves } as const;
    if (!statement.reader)
      return {
        statement,
        columns: undefined,
        narrowed: [],
        rowNumber: this.#rowNumber(statement, sql),
        ...kind,
      };
    const columns = this.#columns(statement, sql);
    const takesBigints = columns.types?.some(mayHoldBigint) ?? false;
    statement.raw(true).safeIntegers(takesBigints);
    const narrowed = takesBigints ? narrowedColumns(columns) : [];
    return { statement, columns, narrowed, ...kind };
  }

  #rowNumber(statement: Sqlite.Statement, sql: string): RowNumber | undefined {
    if (statement.readonly) return undefined;
    const rowNumber = RowNumber.of(this.#database, sql);
    if (rowNumber !== undefined) statement.safeIntegers(true);
    return rowNumber;
  }

  #leaves(sql: string): Prepared['leaves'] {
    if (this.#facts.mentionsFail || mentionsFail(sql)) return 'by_design';
    return this.#facts.isIntricate || MAY_FAIL_HALFWAY.test(sql) ? 'seldom' : 'nothing';
  }

  #columns(statement: Sqlite.Statement, sql: string): ResultColumns {
    const definitions = statement.columns();
    const names = definitions.map(({ name }) => name);
    if (!this.#isPortable) return { names, types: undefined };
    const hints = parseTypeHints(sql);
    return { names, types: definitions.map((definition) => this.#type(definition, hints)) };
  }

  #type({ name, type, table, column }: Sqlite.ColumnDefinition, hints: TypeHints): string | null {
    const hint = hints.get(name);
    if (hint === '') return null;
    if (type === null) return hint ?? null;
    return this.#facts.bigintColumns.has(columnKey(table, column)) ? 'bigint' : type;
  }
}

function tryOpen(options: ConnectionOptions): ThreadConnection | undefined {
  try {
    return ThreadConnection.open(options);
  } catch {
    return undefined;
  }
}
