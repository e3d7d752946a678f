import type {
  ColumnType,
  Expression,
  ExpressionBuilder,
  Insertable,
  InsertType,
  Selectable,
  SelectType,
  SqlBool,
  Updateable,
  UpdateType,
} from 'kysely';
import type { CallOptions } from '../call/call-options.js';
import type { Increment } from './increment.js';

/** The name of a table of `DB`. */
export type TableName<DB> = keyof DB & string;

/** The name of a column of a table. */
export type ColumnName<DB, T extends TableName<DB>> = keyof Selectable<DB[T]> & string;

/** The columns that identify a row: one name, or a list of names in order. */
export type KeyColumns<DB, T extends TableName<DB>> = ColumnName<DB, T> | readonly ColumnName<DB, T>[];

/** The value that identifies a row: for one key column its value, for several an object of their values. */
export type KeyValue<
  DB,
  T extends TableName<DB>,
  K extends KeyColumns<DB, T>,
> = K extends readonly ColumnName<DB, T>[]
  ? Readonly<Pick<Selectable<DB[T]>, K[number]>>
  : K extends keyof Selectable<DB[T]>
    ? Selectable<DB[T]>[K]
    : never;

/** Conditions on one column. A row matches when all of them hold. */
export interface Condition<V> {
  /** Equal to; `null` means IS NULL. */
  readonly eq?: V;
  /** Not equal to; `null` means IS NOT NULL. NULL is neither equal nor unequal to a value. */
  readonly ne?: V;
  readonly gt?: NonNullable<V>;
  readonly gte?: NonNullable<V>;
  readonly lt?: NonNullable<V>;
  readonly lte?: NonNullable<V>;
  /** Equal to one of these; any number of them. An empty list matches no row. */
  readonly in?: readonly NonNullable<V>[];
  /** Equal to none of these. An empty list matches every row whose column is not NULL. */
  readonly notIn?: readonly NonNullable<V>[];
  /** SQL's LIKE, case-sensitive: `%` matches any text, `_` one character; `\` escapes either. */
  readonly like?: string;
  /** Contains this text, or these bytes. Case-sensitive, without wildcards. */
  readonly contains?: PartOf<V>;
  /** Begins with this text, or these bytes. Case-sensitive, without wildcards. */
  readonly startsWith?: PartOf<V>;
  /** Ends with this text, or these bytes. Case-sensitive, without wildcards. */
  readonly endsWith?: PartOf<V>;
  /**
   * Whether the conditions beside it, of text, take the letters A to Z for a to z, and only these: `{ eq: 'ada', caseInsensitive: true }`. It goes with `eq`, `ne`,
   * `in`, `notIn`, `like`, `contains`, `startsWith` and `endsWith`. An index on `lower(column)` can be used for them. Default false.
   */
  readonly caseInsensitive?: boolean;
  /** Between the first and the second, both included. */
  readonly between?: readonly [NonNullable<V>, NonNullable<V>];
  /** `true` means IS NULL, `false` IS NOT NULL. */
  readonly isNull?: boolean;
}

/** What the values of a column can contain: bytes for bytes, else text. */
export type PartOf<V> = [NonNullable<V>] extends [Uint8Array] ? Uint8Array : string;

/** Conditions by column, with nested `and`, `or` and `not`. A row matches when all of them hold. */
export type WhereObject<DB, T extends TableName<DB>> = {
  readonly [C in ColumnName<DB, T>]?: Selectable<DB[T]>[C] | Condition<Selectable<DB[T]>[C]>;
} & {
  /** All of these must hold. An empty list matches every row. */
  readonly and?: readonly Where<DB, T>[];
  /** At least one of these must hold. An empty list matches no row. */
  readonly or?: readonly Where<DB, T>[];
  /** This must not hold. */
  readonly not?: Where<DB, T>;
};

/** Selects rows: by an object of conditions, or by a callback that builds any Kysely expression. */
export type Where<DB, T extends TableName<DB>> =
  | WhereObject<DB, T>
  | ((eb: ExpressionBuilder<DB, T>) => Expression<SqlBool>);

/** A direction and the position of NULLs. Default: `last` for `asc`, `first` for `desc`, as in PostgreSQL. */
export type Order =
  | 'asc'
  | 'desc'
  | { readonly direction: 'asc' | 'desc'; readonly nulls?: 'first' | 'last' };

/** The columns to sort by, the most significant first. Text sorts by code point. */
export type OrderBy<DB, T extends TableName<DB>> = { readonly [C in ColumnName<DB, T>]?: Order };

/** Selects rows. */
export interface Filter<DB, T extends TableName<DB>> {
  /** Default: every row. */
  readonly where?: Where<DB, T>;
}

/** Selects rows, in an order. */
export interface Query<DB, T extends TableName<DB>> extends Filter<DB, T> {
  /** Default: an undefined order. */
  readonly orderBy?: OrderBy<DB, T>;
}

/** Selects a number of rows, in an order. */
export interface FindQuery<DB, T extends TableName<DB>> extends Query<DB, T> {
  /** The most rows to return. Default: no limit. */
  readonly limit?: number;
  /** How many rows to skip first. Default 0. For many rows `page` is cheaper, because an engine reads the rows that it skips. */
  readonly offset?: number;
}

/** Names of columns, for `select`. */
export type ColumnList<DB, T extends TableName<DB>> = readonly ColumnName<DB, T>[];

/** Which columns a read returns. */
export interface Selecting<S> {
  /** Only these columns are read, and those by which the call finds its place itself: the key in `getMany` and `page`, the order in `page`. Default: all. */
  readonly select?: S;
}

/** A row with the columns of the list `S`. Of a list that is not known to the compiler, each column may be there or not. */
export type SelectedRow<DB, T extends TableName<DB>, S extends ColumnList<DB, T>> = [S] extends [never]
  ? Selectable<DB[T]>
  : number extends S['length']
    ? Partial<Pick<Selectable<DB[T]>, S[number]>>
    : Pick<Selectable<DB[T]>, S[number]>;

/** Selects one page by keyset pagination. */
export interface PageQuery<DB, T extends TableName<DB>> extends Query<DB, T> {
  /** The most rows of the page; 1 or more. */
  readonly size: number;
  /** The `nextCursor` of the previous page; left out for the first page. It is valid only for the same table and order. */
  readonly cursor?: string | undefined;
}

/** Selects rows to iterate over, in an order. */
export interface StreamQuery<DB, T extends TableName<DB>> extends FindQuery<DB, T> {
  /**
   * Begins after the row with these values of the columns of `orderBy` and of the key; a whole row will do. The row need not exist any more. The key is then the last
   * column of the order, as in `page`.
   */
  readonly after?: Partial<Selectable<DB[T]>>;
  /** Begins where a page of the same table and order has ended: its `nextCursor`. */
  readonly cursor?: string | undefined;
}

/** The rows of one page. */
export interface Page<Row> {
  readonly rows: Row[];
  /** The `cursor` of the next page, an opaque text; `undefined` on the last page. */
  readonly nextCursor: string | undefined;
}

/** Options of `stream`. */
export interface StreamOptions extends CallOptions {
  /** How many rows are fetched at a time. Default 500. */
  readonly batchSize?: number;
}

/** Selects the rows that a call changes: those that match, or the first of them. */
export interface WriteQuery<DB, T extends TableName<DB>> extends Query<DB, T> {
  /** `where: {}` means every row. */
  readonly where: Where<DB, T>;
  /** The most rows to change, the first ones of the order. Default: every row that matches. */
  readonly limit?: number;
}

/** Selects the rows that `claim` changes. */
export interface ClaimQuery<DB, T extends TableName<DB>> extends Query<DB, T> {
  /** The most rows to change, the first ones of the order. */
  readonly limit: number;
}

/** A change by a number that a column of the type `V` takes. */
type IncrementOf<V> =
  NonNullable<V> extends number
    ? Increment<number>
    : NonNullable<V> extends bigint
      ? Increment<bigint> | Increment<number>
      : NonNullable<V> extends string
        ? Increment<bigint> | Increment<number> | Increment<string>
        : never;

/** What columns are set to: a value, or for a number a change by `increment` or `decrement`. An undefined value counts as left out. */
export type Changes<DB, T extends TableName<DB>> = {
  readonly [C in keyof Updateable<DB[T]>]?: Updateable<DB[T]>[C] | IncrementOf<Updateable<DB[T]>[C]>;
};

/** As {@link Changes}, or a callback that builds any Kysely expression: `{ total: (eb) => eb('price', '*', eb.ref('count')) }`. */
export type Patch<DB, T extends TableName<DB>> = {
  readonly [C in keyof Updateable<DB[T]>]?:
    | Changes<DB, T>[C]
    | ((eb: ExpressionBuilder<DB, T>) => Expression<Updateable<DB[T]>[C]>);
};

/** What an upsert changes in an existing row: columns that get the row's values, or changes of their own, such as `{ hits: increment() }`. */
export type UpsertChanges<DB, T extends TableName<DB>> = Changes<DB, T> | readonly ColumnName<DB, T>[];

/** Options of `upsert` and `upsertMany`. */
export interface UpsertOptions<DB, T extends TableName<DB>> extends CallOptions {
  /** Default: every column that the row gives and that is not part of the key. */
  readonly update?: UpsertChanges<DB, T>;
}

/**
 * What becomes of a row that violates a unique key: with `'ignore'` it is left out; with `'update'`, or an object that says what is changed, the existing row of
 * the same key is updated, as by `upsert`. Other violations are errors. Of rows with one key in one call each finds what the ones before it have stored.
 */
export type OnConflict<DB, T extends TableName<DB>> =
  | 'ignore'
  | 'update'
  | { readonly update: UpsertChanges<DB, T> };

/** Options of `insertMany`. */
export interface InsertManyOptions<DB, T extends TableName<DB>> extends CallOptions {
  /** Default: a row that violates a unique key is an error, and no row is inserted. */
  readonly onConflict?: OnConflict<DB, T>;
}

/** The progress of a `load`. */
export interface LoadProgress {
  /** Rows inserted or updated, and committed, so far. */
  readonly rows: number;
  /** Batches committed so far. */
  readonly batches: number;
  /** Milliseconds since the load began. */
  readonly elapsedMs: number;
}

/** Options of `load`. `timeoutMs` applies to each batch. `priority` is `low` by default. */
export interface LoadOptions<DB, T extends TableName<DB>> extends InsertManyOptions<DB, T> {
  /** How many rows are committed at a time. Default 500. */
  readonly batchSize?: number;
  /** Called after the commit of each batch. An error that it throws ends the load. */
  readonly onProgress?: (progress: LoadProgress) => void;
}

/**
 * Typed access to one table, the same on every driver. Every call is all or nothing (contract C4; `load`: each batch is).
 *
 * Every call rejects with a UsageError when the table, a column or the key does not exist; with a ValueError when a column cannot store a value
 * exactly; with a ConstraintError when the row violates a constraint.
 */
export interface Repository<DB, T extends TableName<DB>, K extends KeyColumns<DB, T>> {
  /**
   * Returns the same repository (its table, key and forms) in a transaction or a snapshot: `media.in(tx).insert(row)`. Calls of the repository itself are
   * refused inside a transaction, where they would not be part of it.
   *
   * @throws UsageError `invalid_query` when the scope belongs to another storage.
   */
  in(scope: ScopeOf<T, K>): Repository<DB, T, K>;
  /** Returns the same repository for `storage.batch((batch) => [media.in(batch).insert(row)])`: its calls run with those of the batch, and take no options of their own. */
  in(batch: BatchScopeOf<T, K>): BatchRepository<DB, T, K>;

  /** Returns the row with this key, or `undefined`. */
  get<const S extends ColumnList<DB, T> = never>(
    key: KeyValue<DB, T, K>,
    options?: CallOptions & Selecting<S>,
  ): Promise<SelectedRow<DB, T, S> | undefined>;
  /** Returns the row with this key. @throws NotFoundError when there is none. */
  getOrThrow<const S extends ColumnList<DB, T> = never>(
    key: KeyValue<DB, T, K>,
    options?: CallOptions & Selecting<S>,
  ): Promise<SelectedRow<DB, T, S>>;
  /** Returns the rows with these keys, in the order of the keys, with `undefined` for each that does not exist. Takes any number of keys. */
  getMany<const S extends ColumnList<DB, T> = never>(
    keys: readonly KeyValue<DB, T, K>[],
    options?: CallOptions & Selecting<S>,
  ): Promise<(SelectedRow<DB, T, S> | undefined)[]>;
  /** Returns whether a row with this key exists. */
  has(key: KeyValue<DB, T, K>, options?: CallOptions): Promise<boolean>;
  /** Returns all rows that match. Use `stream` or `page` when there may be many. */
  find<const S extends ColumnList<DB, T> = never>(
    query?: FindQuery<DB, T> & Selecting<S>,
    options?: CallOptions,
  ): Promise<SelectedRow<DB, T, S>[]>;
  /** Returns the first row that matches, or `undefined`. */
  findOne<const S extends ColumnList<DB, T> = never>(
    query?: Query<DB, T> & Selecting<S>,
    options?: CallOptions,
  ): Promise<SelectedRow<DB, T, S> | undefined>;
  /**
   * Returns one page by keyset pagination: rows that are inserted or deleted between two pages neither repeat nor hide other rows. The key is the
   * last column of the order.
   *
   * @throws UsageError `invalid_cursor`.
   */
  page<const S extends ColumnList<DB, T> = never>(
    query: PageQuery<DB, T> & Selecting<S>,
    options?: CallOptions,
  ): Promise<Page<SelectedRow<DB, T, S>>>;
  /** Returns how many rows match. */
  count(filter?: Filter<DB, T>, options?: CallOptions): Promise<number>;
  /** Iterates over the rows that match, on one snapshot and in constant memory (contract C9). Leaving the loop frees the connection. */
  stream<const S extends ColumnList<DB, T> = never>(
    query?: StreamQuery<DB, T> & Selecting<S>,
    options?: StreamOptions,
  ): AsyncIterableIterator<SelectedRow<DB, T, S>>;

  /** Inserts a row and returns it as it is stored, defaults included. */
  insert(row: Insertable<DB[T]>, options?: CallOptions): Promise<Selectable<DB[T]>>;
  /** Inserts all rows or none, and returns how many were inserted or updated. */
  insertMany(rows: readonly Insertable<DB[T]>[], options?: InsertManyOptions<DB, T>): Promise<number>;
  /** Inserts a row, or updates the row with the same key, and returns the row as it is stored. */
  upsert(row: Insertable<DB[T]>, options?: UpsertOptions<DB, T>): Promise<Selectable<DB[T]>>;
  /** Upserts all rows or none, and returns their number. */
  upsertMany(rows: readonly Insertable<DB[T]>[], options?: UpsertOptions<DB, T>): Promise<number>;
  /** Updates the row with this key and returns it as it is stored, or `undefined` when there is none. */
  update(
    key: KeyValue<DB, T, K>,
    patch: Patch<DB, T>,
    options?: CallOptions,
  ): Promise<Selectable<DB[T]> | undefined>;
  /** Updates the first row that matches and returns it as it is stored, or `undefined` when there is none. */
  updateOne(
    query: Query<DB, T>,
    patch: Patch<DB, T>,
    options?: CallOptions,
  ): Promise<Selectable<DB[T]> | undefined>;
  /** Updates every row that matches, or the first ones, and returns their number. `where` is required: `where: {}` means every row. */
  updateMany(query: WriteQuery<DB, T>, patch: Patch<DB, T>, options?: CallOptions): Promise<number>;
  /**
   * Updates the first rows that match and that no other transaction is changing, and returns them as they are stored, in no certain order: what workers take out
   * of a queue. One row is never given to two callers, as long as the patch keeps it from matching again. PostgreSQL: SKIP LOCKED
   * (postgresql.org/docs/current/sql-select.html); SQLite has one writer.
   *
   * @example
   * jobs.claim({ where: { state: 'ready' }, orderBy: { dueAt: 'asc' }, limit: 10 }, { state: 'running', worker })
   */
  claim(query: ClaimQuery<DB, T>, patch: Patch<DB, T>, options?: CallOptions): Promise<Selectable<DB[T]>[]>;
  /** Deletes the row with this key and returns whether there was one. */
  delete(key: KeyValue<DB, T, K>, options?: CallOptions): Promise<boolean>;
  /** Deletes every row that matches, or the first ones, and returns their number. `where` is required: `where: {}` means every row. */
  deleteMany(query: WriteQuery<DB, T>, options?: CallOptions): Promise<number>;
  /** Deletes the first row that matches and that no other transaction is changing, and returns it, or `undefined` when there is none. */
  take(query?: Query<DB, T>, options?: CallOptions): Promise<Selectable<DB[T]> | undefined>;
  /**
   * Inserts any number of rows and commits them batch by batch, so that other writers can run in between. A batch that fails is rolled back and
   * ends the load; the batches before it stay. Returns the progress at the end.
   *
   * @throws UsageError `invalid_query` inside a transaction, which cannot commit batches: use `insertMany` there.
   */
  load(
    rows: Iterable<Insertable<DB[T]>> | AsyncIterable<Insertable<DB[T]>>,
    options?: LoadOptions<DB, T>,
  ): Promise<LoadProgress>;
}

/** Stands for the tables of a scope, for the compiler alone. */
declare const TABLES: unique symbol;

/**
 * What a repository of table `T` with key `K` can be bound to: the storage, the `tx` of a callback, or a snapshot, whose database has that table and key.
 */
export interface ScopeOf<T extends string, K> extends Tables<TableWith<T, K>> {
  readonly repository: (table: never, options: never) => unknown;
}

/** A batch of `storage.batch`, whose database has that table and key. */
export interface BatchScopeOf<T extends string, K> extends Tables<TableWith<T, K>> {
  readonly query: (query: never) => unknown;
}

/** What has the tables of `DB`. */
export interface Tables<DB> {
  readonly [TABLES]?: DB;
}

/** A repository in a batch: without what takes several steps, and without what may fail when all is stored. */
export type BatchRepository<DB, T extends TableName<DB>, K extends KeyColumns<DB, T>> = Omit<
  Repository<DB, T, K>,
  'getOrThrow' | 'in' | 'load' | 'stream'
>;

type TableWith<T extends string, K> = Readonly<Record<T, Readonly<Record<NamesOf<K>, unknown>>>>;

type NamesOf<K> = K extends readonly (infer C extends string)[] ? C : K & string;

/** Options of a repository. */
export interface RepositoryOptions<K> {
  /** The column, or the columns in order, that identify a row: the primary key, or a unique key without NULLs. */
  readonly key: K;
}

/** Which of the table's times a repository has as text. */
export type TextColumns<DB, T extends TableName<DB>> = {
  readonly [C in ColumnName<DB, T> as NonNullable<Selectable<DB[T]>[C]> extends Date ? C : never]?: 'text';
};

/** The tables of a repository whose table has the columns of `A` as text. */
export type WithText<DB, T extends TableName<DB>, A> = {
  [N in keyof DB]: N extends T
    ? { [C in keyof DB[N]]: C extends keyof A ? AsText<DB[N][C]> : DB[N][C] }
    : DB[N];
};

type AsText<V> = ColumnType<TextOf<SelectType<V>>, TextOf<InsertType<V>>, TextOf<UpdateType<V>>>;

type TextOf<V> = V extends Date ? string : V;

/** Options of a repository that has times as text. */
export interface TextRepositoryOptions<K, A> extends RepositoryOptions<K> {
  /**
   * Times as the engine's own text, both ways: `{ createdAt: 'text' }`. For columns made elsewhere that hold microseconds, which a Date does not carry: every digit
   * is read, written and compared, and the column can be the key. Text without a time zone is taken for UTC. Calls are refused with a UsageError `invalid_query` where the column
   * holds milliseconds, as all columns of the contract do.
   */
  readonly as: A;
}

/** The repositories of a storage, or of a transaction, in which their calls run. */
export interface Repositories<DB> extends Tables<DB> {
  /** Typed access to one table, with times as text. */
  repository<
    T extends TableName<DB>,
    const A extends TextColumns<DB, T>,
    const K extends KeyColumns<WithText<DB, T, A>, T>,
  >(table: T, options: TextRepositoryOptions<K, A>): Repository<WithText<DB, T, A>, T, K>;
  /** Typed access to one table. The names of the table, the key and the columns are checked when a method is called. */
  repository<T extends TableName<DB>, const K extends KeyColumns<DB, T>>(
    table: T,
    options: RepositoryOptions<K>,
  ): Repository<DB, T, K>;
}
