import { TupleWriter } from '@sluice/postgres-driver/copy';
import Sqlite from 'better-sqlite3';
import { fileIdOf, openPages } from '../../src/pages/open-pages.js';
import { PageSource } from '../../src/pages/page-source.js';
import { walFrames } from '../../src/pages/wal-frames.js';
import { encodeRows } from '../../src/reader/encode-rows.js';
import type { EncodeInput } from '../../src/reader/reader-protocol.js';
import type { ColumnReading, RowidRange, TableReading } from '../../src/reader/table-reading.js';
import { VALUE_PROBLEMS } from '../../src/values/problem-kind.js';

/** What one of the two ways to read made of a part of a table. */
export interface Encoded {
  readonly tuples: Buffer;
  readonly rows: number;
  readonly quarantined: number;
  readonly error: string | undefined;
  /** Rows that came from the file's pages. */
  readonly pageRows: number;
}

/** A file that is open both for SQLite and for the page reader, in one read transaction. */
export class BothPaths {
  readonly database: Sqlite.Database;
  readonly pages: PageSource | undefined;
  /** Whether a part of the snapshot is in the write-ahead log alone. */
  readonly hasLog: boolean;

  constructor(path: string) {
    this.database = new Sqlite(path, { readonly: true });
    this.database.exec('begin; select count(*) from sqlite_schema');
    const monitor = new Sqlite(path, { readonly: true });
    const frames = walFrames(monitor);
    monitor.close();
    const snapshot = frames === undefined ? undefined : openPages(path, fileIdOf(path) ?? '', frames);
    this.hasLog = snapshot?.wal !== undefined;
    this.pages = snapshot && new PageSource(snapshot);
  }

  close(): void {
    this.database.close();
  }

  span(table: string, rowidName = 'rowid'): RowidRange {
    const [from, to] = this.database
      .prepare<unknown[], [bigint | null, bigint | null]>(
        `select min(${rowidName}), max(${rowidName}) from "${table}"`,
      )
      .raw()
      .safeIntegers()
      .get() ?? [null, null];
    return from === null || to === null ? undefined : [String(from), String(to)];
  }

  /** Encodes the part by SQLite alone, and from pages as far as they are understood. */
  encode(table: TableReading, range: RowidRange): readonly [bySqlite: Encoded, byPages: Encoded] {
    return [encodeWith(this.database, table, range), encodeWith(this.database, table, range, this.pages)];
  }
}

const out = new TupleWriter();

function encodeWith(
  database: Sqlite.Database,
  table: TableReading,
  range: RowidRange,
  pages?: PageSource,
): Encoded {
  out.position = 0;
  const input: EncodeInput = { table, range, mode: 'copy', isSummed: false };
  const none = { rows: 0, quarantined: 0, pageRows: 0 };
  const tuples = (): Buffer => Buffer.from(out.buffer.subarray(0, out.position));
  try {
    const { rows, quarantined, pageRows } = encodeRows(database, input, { out, onRow: () => {} }, pages);
    return { tuples: tuples(), rows, quarantined, pageRows, error: undefined };
  } catch (error) {
    return { ...none, tuples: tuples(), error: String(error) };
  }
}

/** A reading of some columns of a table, each with a type of PostgreSQL's; what does not fit goes to quarantine. */
export function readingAs(
  source: string,
  columns: readonly (readonly [source: string, type: string, form?: ColumnReading['form']])[],
  more: Partial<TableReading> = {},
): TableReading {
  const kinds = Object.keys(VALUE_PROBLEMS);
  return {
    source,
    target: source,
    rowidName: 'rowid',
    keyCount: 0,
    generatedCount: 0,
    hasBigIntegers: true,
    exceptSql: undefined,
    batchRows: 500,
    columns: columns.map(([name, type, form = 'plain']) => ({
      source: name,
      target: name,
      type,
      form,
      isNotNull: false,
      policies: Object.fromEntries(kinds.map((kind) => [kind, 'quarantine'])),
    })),
    ...more,
  };
}
