import Sqlite from 'better-sqlite3';
import { quoteIdentifier } from '../sql/quoting.js';
import type { TaskContext } from './task-context.js';

/** How reading a range of rows ended. */
export interface Walk {
  /** Whether it reached the end of the range, rather than damage. */
  readonly isWhole: boolean;
  /** The last rowid it read; `undefined` when it read none. */
  readonly last: bigint | undefined;
}

type Value = string | number | bigint | Buffer | null;

const ROWS_PER_TRANSACTION = 1000;

/** Copies rows of one table from a damaged file to a new one with their exact bytes, and counts them. */
export class RowCopier {
  readonly hasRowids: boolean;
  rows = 0;
  rejected = 0;
  rejection: string | undefined;
  readonly #source: Sqlite.Database;
  readonly #target: Sqlite.Database;
  readonly #table: string;
  readonly #context: TaskContext;
  readonly #rowid: string | undefined;
  readonly #columns: readonly string[];
  readonly #key: readonly string[];
  readonly #insert: Sqlite.Statement;
  #sinceCommit = 0;

  constructor(source: Sqlite.Database, target: Sqlite.Database, table: string, context: TaskContext) {
    this.#source = source;
    this.#target = target;
    this.#table = quoteIdentifier(table);
    this.#context = context;
    const columns = readColumns(target, table);
    this.#columns = columns.filter(({ hidden }) => hidden === 0).map(({ name }) => quoteIdentifier(name));
    const inKey = columns.filter(({ pk }) => pk > 0).sort((a, b) => a.pk - b.pk);
    this.#key = inKey.map(({ name }) => quoteIdentifier(name));
    this.#rowid = findRowid(target, table, columns);
    this.hasRowids = this.#rowid !== undefined;
    this.#insert = target.prepare(this.#insertSql());
    target.prepare('begin').run();
  }

  /** Copies the rows of a range in ascending order. */
  copyUp(from: bigint, to: bigint): Walk {
    return this.#walk(this.#rangeSql('asc'), from, to);
  }

  /** Copies the rows of a range in descending order. */
  copyDown(from: bigint, to: bigint): Walk {
    return this.#walk(this.#rangeSql('desc'), from, to);
  }

  /** The lowest rowid that is not less than `rowid`. */
  firstFrom(rowid: bigint): bigint | 'damaged' | 'nothing' {
    const sql = `select ${this.#rowid} from ${this.#table} not indexed where ${this.#rowid} >= ? order by 1 limit 1`;
    try {
      return this.#source.prepare<unknown[], bigint>(sql).pluck().safeIntegers().get(rowid) ?? 'nothing';
    } catch (error) {
      assertDamage(error);
      return 'damaged';
    }
  }

  /** Copies a table without rowids in the order of its key, until damage or a row that was copied before. True when it reached the end. */
  copyByKey(order: 'asc' | 'desc'): boolean {
    const by = this.#key.map((column) => `${column} ${order}`).join(', ');
    const ordered = by === '' ? '' : ` order by ${by}`;
    return this.#walk(`select null, ${this.#values()} from ${this.#table}${ordered}`).isWhole;
  }

  /** Commits the copied rows. */
  finish(): void {
    this.#target.prepare('commit').run();
  }

  #walk(sql: string, ...range: readonly bigint[]): Walk {
    let last: bigint | undefined;
    const rows = this.#read(sql, range);
    for (;;) {
      const row = rows.next();
      if (row === 'damaged') return { isWhole: false, last };
      if (row === undefined) return { isWhole: true, last };
      const [rowid, ...pairs] = row;
      const values = toParameters(pairs);
      if (typeof rowid === 'bigint') last = rowid;
      const isNew = this.#add(this.#rowid === undefined ? values : [rowid ?? null, ...values]);
      // In a table without rowids, reading from the other end has reached the rows that were copied before.
      if (!isNew && this.#rowid === undefined) return { isWhole: false, last };
    }
  }

  /** Reads row by row. An error of SQLite counts as damage. */
  #read(sql: string, range: readonly bigint[]): { next(): Value[] | 'damaged' | undefined } {
    let rows: IterableIterator<Value[]> | undefined;
    const next = (): Value[] | 'damaged' | undefined => {
      try {
        rows ??= this.#source
          .prepare<unknown[], Value[]>(sql)
          .raw()
          .safeIntegers()
          .iterate(...range);
        const { done, value } = rows.next();
        return done ? undefined : value;
      } catch (error) {
        assertDamage(error);
        return 'damaged';
      }
    };
    return { next };
  }

  /** Inserts a row. False when it exists already, in a table without rowids. */
  #add(values: readonly Value[]): boolean {
    try {
      this.#insert.run(...values);
      this.rows += 1;
    } catch (error) {
      if (!(error instanceof Sqlite.SqliteError) || !error.code.startsWith('SQLITE_CONSTRAINT')) throw error;
      if (error.code === 'SQLITE_CONSTRAINT_PRIMARYKEY' && this.#rowid === undefined) return false;
      this.rejected += 1;
      this.rejection ??= error.message;
    }
    this.#sinceCommit += 1;
    if (this.#sinceCommit < ROWS_PER_TRANSACTION) return true;
    this.#sinceCommit = 0;
    this.#context.assertNotCancelled();
    this.#target.prepare('commit').run();
    this.#target.prepare('begin').run();
    return true;
  }

  #rangeSql(order: 'asc' | 'desc'): string {
    const rowid = this.#rowid;
    return `select ${rowid}, ${this.#values()} from ${this.#table} not indexed where ${rowid} between ? and ? order by ${rowid} ${order}`;
  }

  /** Reads texts as blobs: they may be invalid UTF-8, which JavaScript would change. */
  #values(): string {
    const value = (column: string): string =>
      `typeof(${column}) = 'text', iif(typeof(${column}) = 'text', cast(${column} as blob), ${column})`;
    return this.#columns.map(value).join(', ');
  }

  #insertSql(): string {
    const names = this.#rowid === undefined ? this.#columns : [this.#rowid, ...this.#columns];
    const values = this.#columns.map(() => 'iif(?, cast(? as text), ?)');
    const all = this.#rowid === undefined ? values : ['?', ...values];
    return `insert into ${this.#table} (${names.join(', ')}) values (${all.join(', ')})`;
  }
}

/** The parameters of the insert, for each column: whether it is text, and its value twice. */
function toParameters(pairs: readonly Value[]): Value[] {
  const parameters: Value[] = [];
  for (let at = 0; at < pairs.length; at += 2) {
    const [isText = null, bytes = null] = pairs.slice(at, at + 2);
    parameters.push(isText, bytes, bytes);
  }
  return parameters;
}

interface Column {
  readonly name: string;
  readonly pk: number;
  /** 0 for a column that is stored and may be written. */
  readonly hidden: number;
}

function readColumns(database: Sqlite.Database, table: string): Column[] {
  return database.prepare<unknown[], Column>('select name, pk, hidden from pragma_table_xinfo(?)').all(table);
}

/** A name of the rowid that no column has; `undefined` in a table without rowids. */
function findRowid(database: Sqlite.Database, table: string, columns: readonly Column[]): string | undefined {
  const sql = `select wr from pragma_table_list where schema = 'main' and name = ?`;
  if (database.prepare<unknown[], number>(sql).pluck().get(table) === 1) return undefined;
  const taken = new Set(columns.map(({ name }) => name.toLowerCase()));
  return ['rowid', '_rowid_', 'oid'].find((name) => !taken.has(name));
}

/** Every error of SQLite while it reads a damaged file counts as damage. Throws any other error. */
function assertDamage(error: unknown): void {
  if (!(error instanceof Sqlite.SqliteError)) throw error;
}
