import type { AlterTableNode, Dialect, Expression, SqlBool } from 'kysely';
import type { Catalog, CatalogColumn } from '../catalog/catalog.js';
import type { UniqueViolationError } from '../errors/data-errors.js';
import type { SluiceError } from '../errors/sluice-error.js';
import type { Priority } from '../lane/priority.js';
import type { CheckedValue } from '../values/check-value.js';
import type { ValueType } from '../values/value-type.js';
import type { Capabilities } from './capabilities.js';
import type { DatabaseMetrics } from './database-metrics.js';
import type { OnWarning } from './database-warning.js';

/**
 * A way to reach one engine. Core knows no engine but through this interface: {@link Driver} opens a {@link Database}, which
 * runs single statements and begins {@link DatabaseTransaction}s.
 *
 * Core checks, counts, replays and closes; a driver runs. What a driver is asked for and cannot do it refuses with an
 * UnsupportedError; it never ignores an option. Every error it throws is a SluiceError with the engine's error as `cause`.
 */
export interface Driver {
  /** Short name for messages and metrics: `sqlite`. */
  readonly name: string;
  /** URL schemes it answers to, without the colon: `['postgres', 'postgresql']`. */
  readonly schemes: readonly string[];
  /**
   * Opens the database behind `url` and proves that it can be used. `onWarning` is told, now and later, what an operator should know although
   * no call fails; default: a warning of the process.
   *
   * @throws ConfigurationError, ConnectionError or CorruptError, each saying what to do.
   */
  open(url: string, onWarning?: OnWarning): Promise<Database>;
}

/** An open database. */
export interface Database {
  readonly capabilities: Capabilities;
  /** The engine's SQL, for Kysely. */
  readonly sql: DatabaseSql;

  /**
   * Runs one statement in a transaction of its own, and resolves when it is committed.
   *
   * A `read` may run anywhere; an `unknown` statement runs where it is safe whatever it does.
   */
  execute(statement: Statement, options: ExecuteOptions): Promise<StatementResult>;
  /**
   * Reads rows in batches of about `batchSize`, on one snapshot, in constant memory, no faster than they are consumed. Leaving the
   * iteration early frees what it held.
   */
  stream(statement: Statement, batchSize: number, options: ExecuteOptions): AsyncIterable<readonly Row[]>;
  /**
   * Runs statements as one transaction without waiting between them, and resolves with a result for each when it is committed. All or nothing.
   * Left out where nothing is gained by it: core then begins a transaction and runs them one after the other.
   */
  batch?(statements: readonly Statement[], options: ExecuteOptions): Promise<StatementResult[]>;
  /** Begins a transaction. Its isolation is serializable unless the options ask for less. */
  begin(options: BeginOptions): Promise<DatabaseTransaction>;

  /** Reads the tables the database has now. */
  catalog(): Promise<Catalog>;
  /**
   * Names what is committed now, for {@link BeginOptions.after}, in this process or another one. Left out where every read sees every commit.
   */
  position?(options: ExecuteOptions): Promise<string>;
  /**
   * Tells `listener` of every commit that may have changed one of `tables`, by whatever process, from the moment the promise resolves until what it
   * resolves with is called. Left out where `capabilities.watchesChanges` is false.
   */
  watch?(
    tables: readonly string[],
    listener: ChangeListener,
    options: ExecuteOptions,
  ): Promise<() => Promise<void>>;
  /** Makes the smallest round trip that proves the database answers. */
  ping(options: ExecuteOptions): Promise<void>;
  /** What the driver measured so far; synchronous and cheap. */
  metrics(): DatabaseMetrics;
  /** Writes a consistent copy to `path` while others go on. Refused where `capabilities.onlineBackup` is false. */
  backup(path: string, options: BackupOptions): Promise<void>;
  /** A path for a new backup beside the database, with `label` and the time in its name. Left out, or `undefined`, where there is no such place. */
  backupPath?(label: string): string | undefined;
  /** Refuses new work, finishes what was accepted, and frees every thread, connection, lock and file. */
  close(): Promise<void>;
}

/** The engine's SQL, for Kysely and for the repository. */
export interface DatabaseSql
  extends Pick<Dialect, 'createAdapter' | 'createIntrospector' | 'createQueryCompiler'> {
  /**
   * Turns a value of the contract, already checked by core against its type, into what a statement's parameters take.
   * `json` values arrive as JSON text.
   */
  encode(value: CheckedValue, type: ValueType): unknown;
  /** `column in (values)` for any number of encoded values, none of them null, in one parameter or as many as the engine takes. */
  inList(column: Expression<unknown>, values: readonly unknown[], type: ValueType): Expression<SqlBool>;
  /**
   * What stands for a column or an encoded value of `type` where it is compared or sorted, for types whose stored form does not compare by
   * value. Default: the expression itself.
   */
  comparable?(expression: Expression<unknown>, type: ValueType): Expression<unknown>;
  /**
   * The aggregate of a column of `type` in place of the engine's own, where that one would round, or answer in another type than the contract
   * says: `sum` and `avg` of whole numbers and numerics are numerics (strings), of doubles doubles; `min` and `max` are of the column's type.
   * `undefined` keeps the engine's own. Default: always the engine's own.
   */
  aggregate?(
    name: AggregateName,
    argument: Expression<unknown>,
    type: ValueType,
    isDistinct: boolean,
  ): Expression<unknown> | undefined;
}

/** The aggregates whose result depends on the type of what they add up. */
export type AggregateName = 'avg' | 'max' | 'min' | 'sum';

/** Whether a statement only reads. */
export type Access = 'read' | 'write' | 'unknown';

/** One SQL statement with its parameters. */
export interface Statement {
  readonly sql: string;
  /** Encoded by {@link DatabaseSql.encode} where the type is known; otherwise plain JavaScript values the driver binds by their own type. */
  readonly parameters: readonly unknown[];
  readonly access: Access;
  /** True when it reads at most a few rows by a key, so that it is cheaper to run at once than to hand over. */
  readonly isBounded?: boolean;
  /**
   * True when it does nothing but read and write rows: it changes no setting, takes no lock and opens no cursor that what follows in its
   * transaction could notice. So are a repository's own statements.
   */
  readonly isContained?: boolean;
  /** The most rows it can give, where that is known. */
  readonly maxRows?: number;
  /**
   * The ALTER TABLE that it is, as Kysely built it. An engine whose own ALTER TABLE can do less takes other steps to the same end in a
   * transaction that is a schema change, and elsewhere refuses it with a UsageError.
   */
  readonly alteration?: AlterTableNode;
  /** Set when it does no more than read one row by a key. Its parameters are the key's values. */
  readonly lookup?: RowLookup;
  /** Set when it does no more than insert rows of given values. Its parameters are the rows' values, row by row. */
  readonly insertion?: RowInsertion;
}

/**
 * `select * from table where key = …`. One and the same object describes all statements of one form, so a driver may answer several callers by
 * one statement of its own, or ignore this and run {@link Statement.sql}.
 */
export interface RowLookup {
  /** The table's name in the database, without a schema. */
  readonly table: string;
  readonly key: readonly CatalogColumn[];
}

/** `insert into table (columns) values …`, under the rules of {@link RowLookup}. */
export interface RowInsertion {
  /** The table's name in the database, without a schema. */
  readonly table: string;
  /** The columns that are given, in the order of each row's parameters. Never empty. */
  readonly columns: readonly CatalogColumn[];
  /** The key under which the repository knows a row; a part of it may not be among the columns. */
  readonly key: readonly CatalogColumn[];
  /** All columns of the table, in its order. */
  readonly row: readonly CatalogColumn[];
  /** Whether the stored rows are returned, all columns of each; otherwise only their number. */
  readonly isReturning: boolean;
}

/** A row, its keys the result's column names, its values those of the contract (C1). */
export type Row = Record<string, unknown>;

/** What a statement gave back. */
export interface StatementResult {
  /** Empty for a statement that returns none. */
  readonly rows: Row[];
  /** Rows inserted, updated or deleted; 0 for a read. */
  readonly affectedRows: number;
  /** The number that the engine gave the last row inserted, where it has such numbers; only for Kysely's `insertId`. */
  readonly lastInsertId?: bigint;
  /** The statements that were run in its place, for an {@link Statement.alteration} that the engine could not run as it is. */
  readonly steps?: readonly string[];
}

/** How one statement is run. */
export interface ExecuteOptions {
  /** Default `normal`. */
  readonly priority?: Priority | undefined;
  /** When the call ends in a TimeoutError, in milliseconds of `performance.now()`. Default: never. */
  readonly deadline?: number | undefined;
  /** Ends the call in an AbortedError. */
  readonly signal?: AbortSignal | undefined;
  /** Names the caller in messages, metrics and “who holds the writer”. */
  readonly label?: string | undefined;
  /** Made where the application began a transaction, so that its stack tells who holds what others wait for. */
  readonly origin?: Error | undefined;
  /** Which attempt this is, from 1. A driver may favour what was undone before, so that it gets through. */
  readonly attempt?: number | undefined;
}

/** Who is told of changes. */
export interface ChangeListener {
  /** Some of the watched tables may have changed. */
  changed(tables: readonly string[]): void;
  /** Nothing more will be told. */
  failed(error: SluiceError): void;
}

/** How a copy is written. */
export interface BackupOptions extends ExecuteOptions {
  /** Told how far it is, in the engine's own units: pages of an SQLite file. */
  readonly onProgress?: ((progress: BackupProgress) => void) | undefined;
}

/** How far a backup is. */
export interface BackupProgress {
  readonly done: number;
  readonly total: number;
}

/** The isolation levels that may be asked for. A driver may give a stronger one. */
export type IsolationLevel = 'read committed' | 'repeatable read' | 'serializable';

/** How a transaction is begun. */
export interface BeginOptions extends ExecuteOptions {
  readonly access: 'read' | 'write';
  /** Default `serializable`. */
  readonly isolation?: IsolationLevel | undefined;
  /** A serializable read waits for a snapshot that no writer can spoil. An engine whose every snapshot is one leaves it. */
  readonly deferrable?: boolean | undefined;
  /** What {@link Database.position} gave: a read must see everything that was committed before. Default: all commits of this database object. */
  readonly after?: string | undefined;
  /**
   * The transaction changes the schema: tables may be rebuilt without foreign keys acting on their rows, every foreign key is checked
   * before COMMIT, and no second such transaction runs at the same time, in any process.
   */
  readonly isSchemaChange?: boolean | undefined;
  /**
   * Given where core replays: the violations met by the attempts before this one. An engine whose unique indexes look past the transaction's
   * snapshot throws one that is not among them as the `cause` of a ConflictError, unless a row in the snapshot must have been met, and one
   * that is among them as it is. Other engines leave it.
   */
  readonly knownViolations?: readonly UniqueViolationError[] | undefined;
}

/**
 * An open transaction. Core calls one method at a time. After {@link DatabaseTransaction.commit} or
 * {@link DatabaseTransaction.rollback}, whatever its outcome, nothing more is called and what it held is free.
 */
export interface DatabaseTransaction {
  execute(statement: Statement, options: ExecuteOptions): Promise<StatementResult>;
  stream(statement: Statement, batchSize: number, options: ExecuteOptions): AsyncIterable<readonly Row[]>;
  /**
   * Resolves when the transaction is durable.
   *
   * @throws ConflictError when it was rolled back and may be replayed; CommitUnknownError when nobody can tell.
   */
  commit(): Promise<void>;
  /**
   * Undoes everything. Rejects when that could not be proven, and the connection is gone; or in a ConflictError when what the transaction
   * had seen was never committed.
   */
  rollback(): Promise<void>;
}
