import Sqlite from 'better-sqlite3';
import { type SalvagedTable, salvageTable } from './salvage-table.js';
import type { TaskContext } from './task-context.js';

/** The result of salvaging a damaged database. */
export interface SalvageReport {
  /** Whether every table, row, index, trigger and view is in the new file. */
  readonly isComplete: boolean;
  readonly tables: readonly SalvagedTable[];
  /** Objects that are not in the new file. */
  readonly missing: readonly MissingObject[];
}

/** An object of the schema that is not in the new file, with the reason. */
export interface MissingObject {
  readonly type: string;
  readonly name: string;
  readonly reason: string;
}

interface SchemaEntry {
  readonly type: string;
  readonly name: string;
  readonly sql: string | null;
}

/** Settings that are copied to the new file. */
const HEADER_PRAGMAS = ['page_size', 'encoding', 'application_id', 'user_version'];

/** Objects that are created after the rows were copied. */
const AFTER_ROWS = ['index', 'trigger', 'view'];

/** Reads a damaged database, without writing to it, and writes its readable content to a new one. */
export function salvage(from: string, to: string, context: TaskContext): SalvageReport {
  const source = openDamaged(from);
  const target = new Sqlite(to);
  try {
    for (const name of HEADER_PRAGMAS) copyPragma(source, target, name);
    target.pragma('auto_vacuum = incremental');
    target.pragma('foreign_keys = off');
    target.pragma('ignore_check_constraints = on');
    return new Salvage(source, target, context).run();
  } finally {
    target.close();
    source.close();
  }
}

/** Opens a damaged file so that errors in the schema are tolerated and damaged pages are detected. */
function openDamaged(path: string): Sqlite.Database {
  const source = new Sqlite(path, { readonly: true, fileMustExist: true, timeout: 10_000 });
  source.unsafeMode(true);
  source.pragma('writable_schema = on');
  source.pragma('cell_size_check = on');
  source.pragma('trusted_schema = off');
  return source;
}

function copyPragma(source: Sqlite.Database, target: Sqlite.Database, name: string): void {
  const value = source.pragma(name, { simple: true });
  target.pragma(`${name} = ${typeof value === 'string' ? `'${value}'` : Number(value)}`);
}

class Salvage {
  readonly #source: Sqlite.Database;
  readonly #target: Sqlite.Database;
  readonly #context: TaskContext;
  readonly #tables: SalvagedTable[] = [];
  readonly #missing: MissingObject[] = [];

  constructor(source: Sqlite.Database, target: Sqlite.Database, context: TaskContext) {
    this.#source = source;
    this.#target = target;
    this.#context = context;
  }

  run(): SalvageReport {
    const entries = this.#readSchema();
    const tables = this.#createTables(entries);
    for (const [index, name] of tables.entries()) {
      this.#context.onProgress(index, tables.length);
      this.#tables.push(salvageTable(this.#source, this.#target, name, this.#context));
    }
    this.#copySequences(entries);
    for (const type of AFTER_ROWS) {
      for (const entry of entries) if (entry.type === type && entry.sql !== null) this.#create(entry);
    }
    this.#context.onProgress(tables.length, tables.length);
    const isComplete = this.#missing.length === 0 && this.#tables.every((table) => table.isComplete);
    return { isComplete, tables: this.#tables, missing: this.#missing };
  }

  /** Reads the schema from its beginning and from its end, until damage. */
  #readSchema(): SchemaEntry[] {
    const found = new Map<string, SchemaEntry>();
    for (const order of ['asc', 'desc']) {
      try {
        const sql = `select type, name, sql from sqlite_schema order by rowid ${order}`;
        const entries = this.#source.prepare<unknown[], SchemaEntry>(sql).iterate();
        for (const entry of entries) found.set(`${entry.type} ${entry.name}`, entry);
      } catch (error) {
        this.#miss('schema', 'sqlite_schema', error);
      }
    }
    return [...found.values()];
  }

  #createTables(entries: readonly SchemaEntry[]): string[] {
    const shadows = new Set<string>();
    const created: string[] = [];
    for (const { type, name, sql } of entries) {
      if (type !== 'table' || name.startsWith('sqlite_') || sql === null) continue;
      if (/^create\s+virtual\s/i.test(sql)) {
        shadows.add(`${name}_`);
        const reason = 'A virtual table is not salvaged, nor what it stores. Build it anew from its source.';
        this.#missing.push({ type: 'virtual table', name, reason });
      }
    }
    const isShadow = (name: string): boolean => [...shadows].some((prefix) => name.startsWith(prefix));
    for (const entry of entries) {
      const isPlain = entry.type === 'table' && entry.sql !== null && !entry.name.startsWith('sqlite_');
      if (!isPlain || isShadow(entry.name) || /^create\s+virtual\s/i.test(entry.sql)) continue;
      if (this.#create(entry)) created.push(entry.name);
    }
    return created;
  }

  #create({ type, name, sql }: SchemaEntry): boolean {
    try {
      this.#target.exec(sql ?? '');
      return true;
    } catch (error) {
      this.#miss(type, name, error);
      return false;
    }
  }

  /** Copies the state of AUTOINCREMENT, so that its values are not assigned again. */
  #copySequences(entries: readonly SchemaEntry[]): void {
    if (!entries.some(({ name }) => name === 'sqlite_sequence')) return;
    interface Sequence {
      readonly name: string;
      readonly seq: bigint;
    }
    try {
      const sequences = this.#source
        .prepare<unknown[], Sequence>('select name, seq from sqlite_sequence')
        .safeIntegers()
        .all();
      const remove = this.#target.prepare('delete from sqlite_sequence where name = ?');
      const add = this.#target.prepare('insert into sqlite_sequence (name, seq) values (?, ?)');
      for (const { name, seq } of sequences) {
        remove.run(name);
        add.run(name, seq);
      }
    } catch (error) {
      this.#miss('table', 'sqlite_sequence', error);
    }
  }

  #miss(type: string, name: string, error: unknown): void {
    if (!(error instanceof Sqlite.SqliteError) || /^SQLITE_(?:FULL|IOERR_WRITE)/.test(error.code))
      throw error;
    this.#missing.push({ type, name, reason: error.message });
  }
}
