import type {
  AggregateFunctionNode,
  AlterTableNode,
  Dialect,
  Expression,
  SqlBool,
  TransactionSettings,
} from 'kysely';
import type { Catalog, CatalogColumn } from '../catalog/catalog.js';
import type { UniqueViolationError } from '../errors/data-errors.js';
import type { SluiceError } from '../errors/sluice-error.js';
import type { Priority } from '../lane/priority.js';
import type { CheckedArray } from '../values/check-array.js';
import type { CheckedValue } from '../values/check-value.js';
import type { ValueType, ValueTypeName } from '../values/value-type.js';
import type { Capabilities } from './capabilities.js';
import type { DatabaseMetrics } from './database-metrics.js';
import type { OnWarning } from './database-warning.js';
import type { PortableFunctions } from './portable-functions.js';

/**
 * Connects core to one engine. Core reaches every engine through this interface alone: a {@link Driver} opens a {@link Database}, which
 * runs single statements and begins {@link DatabaseTransaction}s.
 *
 * Core checks, counts and replays calls, and closes the database; a driver runs statements. A driver refuses what it cannot do with an
 * UnsupportedError; it never ignores an option. Every error that it throws is a SluiceError with the engine's error as `cause`.
 */
export interface Driver {
  /** A short name for messages and metrics: `sqlite`. */
  readonly name: string;
  /** The URL schemes of this driver, without the colon: `['postgres', 'postgresql']`. */
  readonly schemes: readonly string[];
  /**
   * Opens the database behind `url` and verifies that it can be used. The driver calls `onWarning`, while it opens and later, with every condition
   * that an operator should know of although no call fails. Default: it becomes a warning of the process.
   *
   * @throws ConfigurationError, ConnectionError or CorruptError. The message says what to do.
   */
  open(url: string, onWarning?: OnWarning): Promise<Database>;
}

/** An open database. */
export interface Database {
  readonly capabilities: Capabilities;
  /** The engine's SQL, for Kysely. */
  readonly sql: DatabaseSql;

  /**
   * Runs one statement in a transaction of its own, and resolves when that is committed.
   *
   * A `read` may run on any connection. An `unknown` statement must run where it may also write.
   *
   * A write whose rows cannot be decoded is not committed, or rejects with UnreadableResultError.
   */
  execute(statement: Statement, options: ExecuteOptions): Promise<StatementResult>;
  /**
   * Reads rows in batches of about `batchSize`, on one snapshot and in constant memory. It reads the next batch when the caller asks for it.
   * The end of the iteration, also an early one, frees the connection.
   */
  stream(statement: Statement, batchSize: number, options: ExecuteOptions): AsyncIterable<readonly Row[]>;
  /**
   * Runs statements as one transaction, all or nothing, without a round trip for each. Resolves with a result for each when the transaction is
   * committed. A driver leaves the method out when it would gain nothing: core then begins a transaction and runs the statements in order.
   */
  batch?(statements: readonly Statement[], options: ExecuteOptions): Promise<StatementResult[]>;
  /**
   * Begins a transaction. It is serializable unless the options ask for a weaker level. One that only reads has one snapshot, which its first statement
   * takes; a SAVEPOINT takes none.
   */
  begin(options: BeginOptions): Promise<DatabaseTransaction>;
  /**
   * Returns a session: one connection for one caller, for what lasts in a connection, such as settings, a role, temporary tables and locks. It takes a connection
   * with its first statement. A driver leaves the method out where statements leave nothing in their connections.
   */
  session?(options?: SessionOptions): DatabaseSession;
  /**
   * Begins a schema change in which each statement commits by itself, for statements that the engine refuses in a transaction. No second schema change runs at
   * the same time, in any process. `commit` and `rollback` only end it; neither undoes anything. A driver leaves the method out when
   * `capabilities.schemaChangesOutsideTransactions` is not true.
   *
   * @throws UnsupportedError when this database cannot, for example behind a pooler.
   */
  beginOutsideTransaction?(options: SchemaChangeOptions): Promise<DatabaseTransaction>;

  /** Reads which tables and columns the database has now. */
  catalog(options?: CatalogOptions): Promise<Catalog>;
  /**
   * Asks cheaply whether `table`, or any table when it is `undefined`, is still as `known` says, which an earlier call has read. Resolves with `known` itself
   * when it is, otherwise with the tables as they are now; those that have not changed keep their objects, and tables other than `table` may be those of
   * `known`. A driver leaves the method out when reading all is as cheap.
   */
  recheck?(known: Catalog, table: string | undefined, options: CatalogOptions): Promise<Catalog>;
  /**
   * Returns a position after every transaction committed so far, for {@link BeginOptions.after} in this process or another one. A driver leaves
   * the method out when every read sees every commit.
   */
  position?(options: ExecuteOptions): Promise<string>;
  /**
   * Calls `listener` after every commit, of any process, that may have changed one of `tables`. It begins when the promise resolves, and ends
   * when the function that the promise resolves with is called. A driver leaves the method out when `capabilities.watchesChanges` is false.
   */
  watch?(
    tables: readonly string[],
    listener: ChangeListener,
    options: ExecuteOptions,
  ): Promise<() => Promise<void>>;
  /** Makes the smallest round trip that proves that the database answers. */
  ping(options: ExecuteOptions): Promise<void>;
  /** Returns what the driver measured so far; synchronous and cheap. */
  metrics(): DatabaseMetrics;
  /**
   * Writes a consistent copy of the database to a new file at `path` while other calls run.
   *
   * @throws UnsupportedError when `capabilities.onlineBackup` is false.
   */
  backup(path: string, options: BackupOptions): Promise<void>;
  /**
   * Writes a backup beside the database before the migrations `steps` are taken, the next one first. It replaces those that failed attempts at the
   * same steps left. Left out, or `undefined`, when there is no place beside the database.
   */
  backupBefore?(steps: readonly string[], options: BackupBeforeOptions): Promise<BackupBefore | undefined>;
  /** Refuses new calls, finishes those accepted, and frees every thread, connection, lock and file. */
  close(): Promise<void>;
}

/** The engine's SQL, for Kysely and for the repository. */
export interface DatabaseSql
  extends Pick<Dialect, 'createAdapter' | 'createIntrospector' | 'createQueryCompiler'> {
  /**
   * Turns a value that core has checked against `type` into a parameter of a statement. Values of `json` and `jsonb` arrive as JSON text.
   */
  encode(value: CheckedValue, type: ValueType): unknown;
  /** The same for an array of such values. Only for drivers whose catalog has columns of arrays. */
  encodeArray?(values: CheckedArray): unknown;
  /**
   * Returns what a value of a plain query becomes at the call, for values that the driver binds and the caller may change until then. Core copies bytes, Dates,
   * arrays and plain objects. Default: the value itself.
   */
  fixed?(value: unknown): unknown;
  /**
   * Builds `column in (values)` for any number of encoded values, also none. None of them is null. The driver chooses how many parameters it
   * uses, so that the statement stays within the engine's limit.
   */
  inList(column: Expression<unknown>, values: readonly unknown[], type: ValueType): Expression<SqlBool>;
  /**
   * Builds the expression that stands for a column or an encoded value of `type` in comparisons and orders. For types whose stored form does not
   * sort by value. Default: the expression itself.
   */
  comparable?(expression: Expression<unknown>, type: ValueType): Expression<unknown>;
  /** Builds text that sorts by code point, of text that no column gives a collation. Default: the expression itself. */
  byCodePoint?(text: Expression<unknown>): Expression<unknown>;
  /** Builds whether bytes contain others, at any place. Default: such a condition is refused. */
  bytesContain?(bytes: Expression<unknown>, part: Expression<unknown>): Expression<SqlBool>;
  /** Builds the time of a column that holds microseconds without them. Only for drivers whose catalog has such columns. */
  milliseconds?(column: Expression<unknown>): Expression<unknown>;
  /**
   * Builds `avg`, `max`, `min` or `sum` of an expression of `type` when the engine's own would round, or would have another type than the contract says:
   * `sum` and `avg` are numerics (decimal text) for integers and numerics, and doubles for doubles; `min` and `max` have the column's type. `call` is complete, with
   * its FILTER and OVER. Returns `undefined` to keep it. Default: always the engine's own.
   */
  aggregate?(call: AggregateFunctionNode, type: ValueType): Expression<unknown> | undefined;
  /** How to work with types that the engine stores in another form. Default: the engine has every type of the contract. */
  readonly stored?: StoredForms | undefined;
  /** Core's functions, such as `bucket`, in the engine's SQL. Default: a query that calls one is refused. */
  readonly functions?: PortableFunctions | undefined;
  /** A statement that costs little and with which a transaction that only reads takes its snapshot. Default: `select 1`. */
  readonly takesSnapshot?: string;
  /** The BEGIN of a transaction, as Kysely's own dialect of the engine shows it in Kysely's `log`. Default `begin`. */
  begin?(settings: TransactionSettings): string;
  /** Whether Kysely's own dialect of the engine reports that a definition of a table or index has affected 0 rows; others report nothing. Default false. */
  readonly countsDefinitions?: boolean;
}

/** The expressions of an engine that stores some types in another form, as SQLite stores a numeric as text. */
export interface StoredForms {
  /** The types whose stored form the engine's own functions and operators take for something else. */
  readonly hidden: ReadonlySet<ValueTypeName>;
  /** A whole number as a numeric. */
  numeric(whole: Expression<unknown>): Expression<unknown>;
  /** The numeric that the engine has as the whole number value × 10^scale. */
  unscaled(whole: Expression<unknown>, scale: number): Expression<unknown>;
  /** The whole number value × 10^scale of a number, rounded half away from zero; a value that a column does not take when it is beyond 64 bits. */
  scaled(numeric: Expression<unknown>, scale: number): Expression<unknown>;
  /** A numeric with exactly `scale` digits after the point, rounded half away from zero, as PostgreSQL stores it. */
  rescaled(numeric: Expression<unknown>, scale: number): Expression<unknown>;
  /** The number for which a text stands, as PostgreSQL reads it. The statement fails for a text that is no number of the type (`invalid_value`). */
  numberOf(
    text: Expression<unknown>,
    type: 'bigint' | 'double precision' | 'integer' | 'numeric' | 'smallint',
  ): Expression<unknown>;
  /** The result of an operator between two numerics, with the scale that PostgreSQL gives it. */
  calculated(
    operator: ArithmeticOperator,
    left: Expression<unknown>,
    right: Expression<unknown>,
  ): Expression<unknown>;
  /** The greatest or least of values of one type, without the NULLs among them; NULL when there is nothing else. */
  extreme(
    name: 'greatest' | 'least',
    values: readonly Expression<unknown>[],
    isNumeric: boolean,
  ): Expression<unknown>;
  /** The text of a JSON value, as `->>` gives it on PostgreSQL for a member of a json or a jsonb. */
  jsonText(json: Expression<unknown>, type: 'json' | 'jsonb'): Expression<unknown>;
  /** The text of a jsonb value, as PostgreSQL writes it. */
  jsonbText(jsonb: Expression<unknown>): Expression<unknown>;
  /**
   * A comment for the end of a statement from which the driver reads the types of the result's expressions, by the names of the result's columns. The engine
   * reports the declared type of a column, but no type of an expression. `whole` is a computed whole number, also where the engine names a column: a number while
   * it is safe, a bigint beyond.
   */
  resultTypes(types: ReadonlyMap<string, ValueType | 'whole'>): string;
}

/** The operators between two numbers. */
export type ArithmeticOperator = '%' | '*' | '+' | '-' | '/';

/** Whether a statement only reads: `unknown` may read or write. */
export type Access = 'read' | 'write' | 'unknown';

/** One SQL statement with its parameters. */
export interface Statement {
  readonly sql: string;
  /**
   * Encoded by {@link DatabaseSql.encode} where the column's type is known; otherwise JavaScript values that the driver binds by their own type. They do not
   * change while the statement waits: core has copied what the caller could change.
   */
  readonly parameters: readonly unknown[];
  readonly access: Access;
  /** True when it reads few rows, by the key or of a small table, so that running it on the calling thread costs less than passing it to another thread. */
  readonly isBounded?: boolean;
  /**
   * True when it only reads and writes rows. It has no side effect that later statements of the transaction could notice: it changes no setting,
   * takes no explicit lock and opens no cursor. The statements of a repository are such.
   */
  readonly isContained?: boolean;
  /** The most rows that it can return, when that is known. */
  readonly maxRows?: number;
  /**
   * Set for an ALTER TABLE: the node that Kysely built. In a transaction with {@link BeginOptions.isSchemaChange}, an engine whose own ALTER TABLE
   * can do less runs other statements to the same effect. Outside such a transaction it refuses the statement with a UsageError.
   */
  readonly alteration?: AlterTableNode;
  /** Set when the statement only reads one row by the key. Its parameters are the key's values. */
  readonly lookup?: RowLookup;
  /** Set when the statement only inserts rows of given values. Its parameters are the values, row by row. */
  readonly insertion?: RowInsertion;
}

/**
 * Describes `select * from table where key = …`. All statements that differ only in their values share one such object, so a driver can answer
 * several calls with one statement of its own. It may also ignore the object and run {@link Statement.sql}.
 */
export interface RowLookup {
  /** The table's name in the database, without its schema. */
  readonly table: string;
  /** The table's schema, where the name alone does not find it. */
  readonly schema?: string | undefined;
  readonly key: readonly CatalogColumn[];
}

/** Describes `insert into table (columns) values …`, by the same rules as {@link RowLookup}. */
export interface RowInsertion {
  /** The table's name in the database, without its schema. */
  readonly table: string;
  /** The table's schema, where the name alone does not find it. */
  readonly schema?: string | undefined;
  /** The columns that have values, in the order of each row's parameters. Never empty. */
  readonly columns: readonly CatalogColumn[];
  /** The repository's key. Some of its columns may be missing in `columns`. */
  readonly key: readonly CatalogColumn[];
  /** All columns of the table, in the table's order. */
  readonly row: readonly CatalogColumn[];
  /** Whether the statement returns all columns of the stored rows; otherwise only the number of rows counts. */
  readonly isReturning: boolean;
}

/** A row: the values of the contract (C1), by the column names of the result. */
export type Row = Record<string, unknown>;

/** The result of a statement. */
export interface StatementResult {
  /** Empty for a statement that returns no rows. */
  readonly rows: Row[];
  /** Rows inserted, updated or deleted; 0 for a read. */
  readonly affectedRows: number;
  /** The row number that the engine gave the last inserted row, when it has such numbers. Only for Kysely's `insertId`. */
  readonly lastInsertId?: bigint;
  /** The statements that the driver ran instead, for a {@link Statement.alteration} that the engine cannot run itself. */
  readonly steps?: readonly string[];
}

/** The options of one call. */
export interface ExecuteOptions {
  /** Default `normal`. */
  readonly priority?: Priority | undefined;
  /** The time at which the call ends in a TimeoutError, in milliseconds of `performance.now()`. Default: never. */
  readonly deadline?: number | undefined;
  /** Ends the call in an AbortedError. */
  readonly signal?: AbortSignal | undefined;
  /** Ends the call in an AbortedError as long as it waits for its turn. What runs already goes on. */
  readonly waitSignal?: AbortSignal | undefined;
  /** Names the caller in messages and metrics, for example as the holder of the writer. */
  readonly label?: string | undefined;
  /** Created where the application began the transaction. Its stack shows which code holds the writer, in errors of callers that wait for it. */
  readonly origin?: Error | undefined;
  /** The number of the attempt, from 1. A driver may prefer later attempts, so that a replayed call succeeds at last. */
  readonly attempt?: number | undefined;
  /**
   * The catalog, as the database gave it, by which the statement was made and its values were encoded. A driver that knows without a further question that the
   * database has another one by now refuses the statement, unexecuted, with a StaleCatalogError. Other drivers ignore it.
   */
  readonly madeFor?: Catalog | undefined;
}

/** The options of reading the catalog. */
export interface CatalogOptions extends ExecuteOptions {
  /** A transaction of this database to read in. It sees its own changes, and waits for no second connection. Default: none. */
  readonly within?: Pick<DatabaseTransaction, 'execute'> | undefined;
  /** Schemas whose tables are read too, beside those that a name alone finds. Default: none. An engine without schemas ignores it. */
  readonly schemas?: readonly string[] | undefined;
}

/** Receives the events of {@link Database.watch}. */
export interface ChangeListener {
  /** A committed transaction may have changed these of the watched tables. */
  changed(tables: readonly string[]): void;
  /** The watch failed; there are no further events. */
  failed(error: SluiceError): void;
}

/** The options of a backup. */
export interface BackupOptions extends ExecuteOptions {
  /** Called with the progress, in the engine's own units: pages of a SQLite file. */
  readonly onProgress?: ((progress: BackupProgress) => void) | undefined;
}

/** The options of a backup before migrations. */
export interface BackupBeforeOptions extends BackupOptions {
  /** How many such backups are kept, with the new one; the older ones are deleted. */
  readonly keep: number;
}

/** A backup that was written before migrations. */
export interface BackupBefore {
  readonly path: string;
  /** The paths of older ones that were deleted. */
  readonly removed: readonly string[];
}

/** The progress of a backup, in the engine's own units. */
export interface BackupProgress {
  readonly done: number;
  readonly total: number;
}

/** The isolation levels of a transaction. A driver may give a stronger one than was asked for. */
export type IsolationLevel = 'read committed' | 'repeatable read' | 'serializable';

/** The options of a change of the schema. */
export interface SchemaChangeOptions extends ExecuteOptions {
  /**
   * The longest time, in milliseconds, that a statement waits for a lock while others wait behind it. Then the transaction ends in a ConflictError
   * `lock_timeout`, and core makes it again. A stricter limit of the server stays. Ignored by an engine whose statements wait for no locks once the
   * transaction has begun. Default, and 0: the server's limit.
   */
  readonly lockTimeoutMs?: number | undefined;
}

/** The options of a transaction. `lockTimeoutMs` is for schema changes. */
export interface BeginOptions extends SchemaChangeOptions {
  readonly access: 'read' | 'write';
  /** Default `serializable`. */
  readonly isolation?: IsolationLevel | undefined;
  /** A serializable read waits for a snapshot that no writer can invalidate. An engine all of whose snapshots are like that ignores the option. */
  readonly deferrable?: boolean | undefined;
  /** A result of {@link Database.position}: a read must see every transaction committed before it. Default: those committed by this database object. */
  readonly after?: string | undefined;
  /**
   * The transaction changes the schema. The driver may rebuild tables in it, during which foreign keys do not act on their rows; it checks every
   * foreign key before COMMIT. No second such transaction runs at the same time, in any process.
   */
  readonly isSchemaChange?: boolean | undefined;
  /**
   * True when core replays the transaction after a ConflictError, as `storage.write` does. Only such a transaction may be rolled back for the sake of another
   * one: share its COMMIT, or be made to yield. A transaction whose callback belongs to Kysely or to the application cannot be replayed. Default false.
   */
  readonly isReplayable?: boolean | undefined;
  /**
   * The unique violations that earlier attempts met; set when core replays the transaction. An engine whose unique indexes see rows outside the
   * snapshot must throw a violation that is not in this list as the `cause` of a ConflictError, so that core replays the transaction, and a violation
   * that is in the list as it is. Other engines ignore the list.
   */
  readonly knownViolations?: readonly UniqueViolationError[] | undefined;
}

/** The options of a session. */
export interface SessionOptions {
  /** Whether a statement may begin a transaction in it, by BEGIN. Otherwise such a statement is refused, and its transaction rolled back. Default true. */
  readonly mayBegin?: boolean | undefined;
}

/** One connection for one caller, who makes one call at a time. */
export interface DatabaseSession extends Pick<Database, 'begin' | 'execute' | 'stream'> {
  /** Whether it has a connection. */
  readonly isHeld: boolean;
  /** Ends the connection, so that what follows in the session is refused. No statement runs. A driver that cannot leaves the method out. */
  kill?(): void;
  /**
   * Gives the connection back. The next caller finds nothing of what was left in it.
   *
   * @throws UsageError `invalid_query` when a transaction that a statement began is open; it is rolled back.
   */
  release(): Promise<void>;
}

/**
 * An open transaction. Core calls one method at a time. After {@link DatabaseTransaction.commit} or {@link DatabaseTransaction.rollback} it
 * calls no other. Both free the connection and the locks, whatever their outcome.
 */
export interface DatabaseTransaction {
  execute(statement: Statement, options: ExecuteOptions): Promise<StatementResult>;
  stream(statement: Statement, batchSize: number, options: ExecuteOptions): AsyncIterable<readonly Row[]>;
  /**
   * Resolves when the transaction is durable.
   *
   * @throws ConflictError when the transaction was rolled back and may be replayed; CommitUnknownError when the outcome cannot be known.
   */
  commit(): Promise<void>;
  /**
   * Undoes everything.
   *
   * @throws ConflictError when the transaction had read data that was then never committed. Any other error when the rollback could not be
   * confirmed; the connection is then discarded.
   */
  rollback(): Promise<void>;
}
