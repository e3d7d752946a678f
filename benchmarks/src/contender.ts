import type { Item } from './workload/item.ts';

export type Engine = 'postgres' | 'sqlite';

/** What is already there, or on its way. Contenders that answer at once are not made to wait. */
export type Answer<T> = T | PromiseLike<T>;

/** Where a session's data lies, and how durable a commit must be. */
export interface Target {
  /** A file for SQLite, a URL for PostgreSQL. */
  readonly location: string;
  /** `synchronous = full` or `normal` in SQLite. PostgreSQL is always fully durable. */
  readonly durability: 'full' | 'normal';
  /** SQLite's journal. */
  readonly journal: 'delete' | 'wal';
}

export type Isolation = 'read committed' | 'serializable';

/**
 * One open contender. Each method does its work in the way the contender's own documentation shows; every write is committed, and on
 * disk as far as {@link Target.durability} says, when it is answered. A method left out is one that the contender does not offer.
 */
export interface Session {
  /** What was in force: versions and pragmas, for the record. */
  settings(): Answer<Readonly<Record<string, unknown>>>;
  get(id: number): Answer<Item | null | undefined>;
  /** The `limit` rows from `first` on, by id. */
  list(first: number, limit: number): Answer<readonly unknown[]>;
  insert(item: Item): Answer<unknown>;
  /** All rows in one transaction. */
  insertMany(items: readonly Item[]): Answer<unknown>;
  /** Sets the size of a row. */
  update(id: number, size: number): Answer<unknown>;
  /** Inserts `item` and sets the sizes of two rows, as one transaction whose statements are known beforehand. */
  batch?(item: Item, first: number, second: number): Answer<unknown>;
  /** Inserts `item`, reads the row under `id`, and writes what follows from it, as one transaction; replayed after a conflict. */
  transaction?(item: Item, id: number, isolation: Isolation): Answer<unknown>;
  /** Adds 1 to the size of a row by reading and writing it in a serializable transaction; replayed after a conflict. */
  increment?(id: number): Answer<unknown>;
  /** Reads every row, a bounded number at a time, and returns how many there were. */
  stream?(): Answer<number>;
  /** Looks through every row. */
  scan(): Answer<unknown>;
  /** Transactions begun again after a conflict, so far. */
  replays?(): number;
  close(): Answer<unknown>;
}

/** Something to measure. */
export interface Contender {
  readonly engine: Engine;
  /** npm packages whose versions are told with the figures. */
  readonly packages: readonly string[];
  /** Whether it creates the table itself, rather than take the plain one. */
  createTable?(target: Target): Promise<void>;
  open(target: Target): Answer<Session>;
}
