import type { Item } from './workload/item.ts';

export type Engine = 'postgres' | 'sqlite';

/** A value or a promise of it. Synchronous contenders return the value directly, so that no `await` slows them down. */
export type Answer<T> = T | PromiseLike<T>;

/** The data of a session, and the durability of its commits. */
export interface Target {
  /** A file for SQLite, a URL for PostgreSQL. */
  readonly location: string;
  /** `synchronous = full` or `normal` in SQLite. PostgreSQL is always fully durable. */
  readonly durability: 'full' | 'normal';
  /** SQLite's journal mode. */
  readonly journal: 'delete' | 'wal';
}

export type Isolation = 'read committed' | 'serializable';

/**
 * An open contender. Each method does its work as the contender's documentation shows. When a write is answered, it is committed, and
 * durable as {@link Target.durability} says. A missing method means that the contender does not offer it.
 */
export interface Session {
  /** The actual versions and pragmas, for the record. */
  settings(): Answer<Readonly<Record<string, unknown>>>;
  get(id: number): Answer<Item | null | undefined>;
  /** Reads `limit` rows by id, beginning with `first`. */
  list(first: number, limit: number): Answer<readonly unknown[]>;
  insert(item: Item): Answer<unknown>;
  /** Inserts all rows in one transaction. */
  insertMany(items: readonly Item[]): Answer<unknown>;
  /** Sets the size of one row. */
  update(id: number, size: number): Answer<unknown>;
  /** Inserts `item` and sets the sizes of two rows in one transaction, whose statements are known beforehand. */
  batch?(item: Item, first: number, second: number): Answer<unknown>;
  /** Inserts `item`, reads row `id`, and writes a value that depends on it, in one transaction, which is replayed after a conflict. */
  transaction?(item: Item, id: number, isolation: Isolation): Answer<unknown>;
  /** Adds 1 to the size of a row: reads and writes it in a serializable transaction, which is replayed after a conflict. */
  increment?(id: number): Answer<unknown>;
  /** Reads all rows in batches of bounded size, and returns their number. */
  stream?(): Answer<number>;
  /** Scans all rows. */
  scan(): Answer<unknown>;
  /** The number of transactions that were replayed after a conflict so far. */
  replays?(): number;
  close(): Answer<unknown>;
}

/** A library to measure. */
export interface Contender {
  readonly engine: Engine;
  /** npm packages whose versions are recorded with the results. */
  readonly packages: readonly string[];
  /** Creates the table, if the contender does not use the plain one. */
  createTable?(target: Target): Promise<void>;
  open(target: Target): Answer<Session>;
}
