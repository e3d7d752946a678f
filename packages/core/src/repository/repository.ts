import type { Expression, ExpressionBuilder, Insertable, Selectable, SqlBool, Updateable } from 'kysely';
import type { CallOptions } from '../call/call-options.js';

/** Name of a table of `DB`. */
export type TableName<DB> = keyof DB & string;

/** Name of a column of a table. */
export type ColumnName<DB, T extends TableName<DB>> = keyof Selectable<DB[T]> & string;

/** The columns that identify a row: one name, or several in order. */
export type KeyColumns<DB, T extends TableName<DB>> = ColumnName<DB, T> | readonly ColumnName<DB, T>[];

/** The value that identifies a row: the column's own value for one column, an object of them for several. */
export type KeyValue<
  DB,
  T extends TableName<DB>,
  K extends KeyColumns<DB, T>,
> = K extends readonly ColumnName<DB, T>[]
  ? Readonly<Pick<Selectable<DB[T]>, K[number]>>
  : K extends keyof Selectable<DB[T]>
    ? Selectable<DB[T]>[K]
    : never;

/** A condition on one column. Several in one object must all hold. */
export interface Condition<V> {
  /** Equal; `null` means IS NULL. */
  readonly eq?: V;
  /** Not equal; `null` means IS NOT NULL. A NULL is neither equal nor unequal to a value. */
  readonly ne?: V;
  readonly gt?: NonNullable<V>;
  readonly gte?: NonNullable<V>;
  readonly lt?: NonNullable<V>;
  readonly lte?: NonNullable<V>;
  /** One of these, however many there are. An empty list matches nothing. */
  readonly in?: readonly NonNullable<V>[];
  /** None of these. An empty list matches every row whose column is not NULL. */
  readonly notIn?: readonly NonNullable<V>[];
  /** SQL's LIKE, case-sensitive: `%` any text, `_` one character, `\` before either takes it literally. */
  readonly like?: string;
  /** Holds this text, taken literally, case-sensitive. */
  readonly contains?: string;
  /** Begins with this text, taken literally, case-sensitive. */
  readonly startsWith?: string;
  /** From the first to the second, both included. */
  readonly between?: readonly [NonNullable<V>, NonNullable<V>];
  readonly isNull?: boolean;
}

/** Conditions by column, all of which must hold, with `and`, `or` and `not` of further ones. */
export type WhereObject<DB, T extends TableName<DB>> = {
  readonly [C in ColumnName<DB, T>]?: Selectable<DB[T]>[C] | Condition<Selectable<DB[T]>[C]>;
} & {
  /** All of these. An empty list holds. */
  readonly and?: readonly Where<DB, T>[];
  /** At least one of these. An empty list does not hold. */
  readonly or?: readonly Where<DB, T>[];
  readonly not?: Where<DB, T>;
};

/** Which rows: an object of conditions, or a callback that builds any Kysely expression. */
export type Where<DB, T extends TableName<DB>> =
  | WhereObject<DB, T>
  | ((eb: ExpressionBuilder<DB, T>) => Expression<SqlBool>);

/** A direction, with the place of NULLs when it is not the default (`last` for `asc`, `first` for `desc`, as in PostgreSQL). */
export type Order =
  | 'asc'
  | 'desc'
  | { readonly direction: 'asc' | 'desc'; readonly nulls?: 'first' | 'last' };

/** Columns to sort by; the first sorts first. Text sorts by code point. */
export type OrderBy<DB, T extends TableName<DB>> = { readonly [C in ColumnName<DB, T>]?: Order };

/** Which rows. */
export interface Filter<DB, T extends TableName<DB>> {
  /** Default: all. */
  readonly where?: Where<DB, T>;
}

/** Which rows, and in what order. */
export interface Query<DB, T extends TableName<DB>> extends Filter<DB, T> {
  /** Default: no order that could be relied upon. */
  readonly orderBy?: OrderBy<DB, T>;
}

/** Which rows, in what order, and how many. */
export interface FindQuery<DB, T extends TableName<DB>> extends Query<DB, T> {
  /** Most rows to return. Default: all. */
  readonly limit?: number;
  /** Rows to pass over first. Default 0. `page` is cheaper for going through many. */
  readonly offset?: number;
}

/** One page of a keyset pagination. */
export interface PageQuery<DB, T extends TableName<DB>> extends Query<DB, T> {
  /** Most rows of the page. */
  readonly size: number;
  /** The `nextCursor` of the page before; leave it out for the first page. Valid only with the same table and order. */
  readonly cursor?: string | undefined;
}

/** Rows of one page. */
export interface Page<Row> {
  readonly rows: Row[];
  /** Opaque; `undefined` on the last page. */
  readonly nextCursor: string | undefined;
}

/** How `stream` reads. */
export interface StreamOptions extends CallOptions {
  /** Rows fetched at a time. Default 500. */
  readonly batchSize?: number;
}

/** How `upsert` writes over an existing row. */
export interface UpsertOptions<DB, T extends TableName<DB>> extends CallOptions {
  /** The columns to overwrite. Default: every given column that is not part of the key. */
  readonly update?: readonly ColumnName<DB, T>[];
}

/** How far a `load` has come. */
export interface LoadProgress {
  /** Rows committed so far. */
  readonly rows: number;
  /** Batches committed so far. */
  readonly batches: number;
  /** Milliseconds since the load began. */
  readonly elapsedMs: number;
}

/** How `load` writes. Its `timeoutMs` is for each batch; its `priority` is `low` unless given. */
export interface LoadOptions extends CallOptions {
  /** Rows committed at a time. Default 500. */
  readonly batchSize?: number;
  /** Called after each batch was committed. What it throws ends the load. */
  readonly onProgress?: (progress: LoadProgress) => void;
}

/**
 * Typed access to one table, the same on every driver. Every call is all or nothing (contract C4; `load` per batch), and rejects with a
 * UsageError when the table, a column or the key does not exist, a ValueError when a column cannot hold a value exactly, a
 * ConstraintError when the schema refuses the row.
 */
export interface Repository<DB, T extends TableName<DB>, K extends KeyColumns<DB, T>> {
  /** The row under `key`, or `undefined`. */
  get(key: KeyValue<DB, T, K>, options?: CallOptions): Promise<Selectable<DB[T]> | undefined>;
  /** The row under `key`. @throws NotFoundError when there is none. */
  getOrThrow(key: KeyValue<DB, T, K>, options?: CallOptions): Promise<Selectable<DB[T]>>;
  /** The rows under `keys`, in the order of the keys, `undefined` for each that does not exist; any number of keys. */
  getMany(
    keys: readonly KeyValue<DB, T, K>[],
    options?: CallOptions,
  ): Promise<(Selectable<DB[T]> | undefined)[]>;
  /** Whether a row exists under `key`. */
  has(key: KeyValue<DB, T, K>, options?: CallOptions): Promise<boolean>;
  /** All rows that match. Use `stream` or `page` where they may be many. */
  find(query?: FindQuery<DB, T>, options?: CallOptions): Promise<Selectable<DB[T]>[]>;
  /** The first row that matches, or `undefined`. */
  findOne(query?: Query<DB, T>, options?: CallOptions): Promise<Selectable<DB[T]> | undefined>;
  /** One page by keyset: rows inserted or deleted between two pages neither repeat nor hide others. The key breaks ties. */
  page(query: PageQuery<DB, T>, options?: CallOptions): Promise<Page<Selectable<DB[T]>>>;
  /** How many rows match. */
  count(filter?: Filter<DB, T>, options?: CallOptions): Promise<number>;
  /** Rows that match, one by one, on one snapshot and in constant memory (contract C9). Leaving the loop frees what it held. */
  stream(query?: FindQuery<DB, T>, options?: StreamOptions): AsyncIterableIterator<Selectable<DB[T]>>;

  /** Stores a row and returns it with its defaults. */
  insert(row: Insertable<DB[T]>, options?: CallOptions): Promise<Selectable<DB[T]>>;
  /** Stores all rows or none, and returns how many. */
  insertMany(rows: readonly Insertable<DB[T]>[], options?: CallOptions): Promise<number>;
  /** Stores a row, or overwrites the one under the same key, and returns it as it is now. */
  upsert(row: Insertable<DB[T]>, options?: UpsertOptions<DB, T>): Promise<Selectable<DB[T]>>;
  /** Changes the row under `key` and returns it as it is now, or `undefined` when there is none. */
  update(
    key: KeyValue<DB, T, K>,
    patch: Updateable<DB[T]>,
    options?: CallOptions,
  ): Promise<Selectable<DB[T]> | undefined>;
  /** Changes every row that matches and returns how many. `where: {}` is every row, and must be written out. */
  updateMany(
    filter: Required<Filter<DB, T>>,
    patch: Updateable<DB[T]>,
    options?: CallOptions,
  ): Promise<number>;
  /** Removes the row under `key` and returns whether there was one. */
  delete(key: KeyValue<DB, T, K>, options?: CallOptions): Promise<boolean>;
  /** Removes every row that matches and returns how many. `where: {}` is every row, and must be written out. */
  deleteMany(filter: Required<Filter<DB, T>>, options?: CallOptions): Promise<number>;
  /**
   * Stores any number of rows, committed batch by batch so that other writers get in between. A failing batch is undone and ends the load;
   * the batches before it stay. Returns how far it came.
   *
   * @throws UsageError inside a transaction, where there is nothing to commit in between: use `insertMany`.
   */
  load(
    rows: Iterable<Insertable<DB[T]>> | AsyncIterable<Insertable<DB[T]>>,
    options?: LoadOptions,
  ): Promise<LoadProgress>;
}

/** What a repository is made with. */
export interface RepositoryOptions<K> {
  /** The column, or the columns in order, that identify a row: the primary key, or a unique key without NULLs. */
  readonly key: K;
}
