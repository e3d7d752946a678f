import type Sqlite from 'better-sqlite3';

/** Where a table's rows are in the file, and its columns in their records. */
export interface TableLayout {
  /** Number of the page at the top of the table's tree. */
  readonly rootPage: number;
  readonly hasRowid: boolean;
  /** Columns in the order of the records. */
  readonly columns: readonly StoredColumn[];
}

export interface StoredColumn {
  readonly name: string;
  /** Whether it is the rowid under another name; the record has NULL in its place. */
  readonly isRowid: boolean;
  /** Whether it has REAL affinity: whole numbers are stored as integers in it, and read as reals. */
  readonly isReal: boolean;
}

interface ColumnInfo {
  readonly cid: number;
  readonly name: string;
  readonly type: string;
  readonly pk: number;
  readonly hidden: number;
}

/** Reads the layout of a table; `undefined` when its rows are not plain records: of a view, a virtual table, or with generated columns. */
export function readLayout(database: Sqlite.Database, table: string): TableLayout | undefined {
  const found = database
    .prepare<unknown[], { rootpage: number; wr: number }>(
      `select rootpage, wr from sqlite_schema s join pragma_table_list l on l.name = s.name and l.schema = 'main'
         where s.name = ? and s.type = 'table' and l.type = 'table'`,
    )
    .get(table);
  const columns = database
    .prepare<unknown[], ColumnInfo>(
      'select cid, name, type, pk, hidden from pragma_table_xinfo(?) order by cid',
    )
    .all(table);
  // Page 1 is the schema's own, and 0 stands for none.
  if (found === undefined || found.rootpage < 2 || columns.some(({ hidden }) => hidden !== 0))
    return undefined;
  const hasRowid = found.wr === 0;
  const alias = hasRowid ? rowidAlias(database, table, columns) : undefined;
  const stored = hasRowid ? columns : keyedColumns(database, table, columns);
  if (stored === undefined) return undefined;
  return {
    rootPage: found.rootpage,
    hasRowid,
    columns: stored.map((column) => ({
      name: column.name,
      isRowid: column === alias,
      isReal: hasRealAffinity(column.type),
    })),
  };
}

/** An INTEGER PRIMARY KEY is the rowid and has no index, unlike any other key, and unlike INTEGER PRIMARY KEY DESC. */
function rowidAlias(
  database: Sqlite.Database,
  table: string,
  columns: readonly ColumnInfo[],
): ColumnInfo | undefined {
  const keys = columns.filter(({ pk }) => pk > 0);
  return keys.length === 1 && keyIndex(database, table) === undefined ? keys[0] : undefined;
}

/** Without a rowid, a row is an entry of the key's index: the key's columns first, each once, then the others. */
function keyedColumns(
  database: Sqlite.Database,
  table: string,
  columns: readonly ColumnInfo[],
): ColumnInfo[] | undefined {
  const index = keyIndex(database, table);
  if (index === undefined) return undefined;
  const stored = database
    .prepare<unknown[], number>('select cid from pragma_index_xinfo(?) order by seqno')
    .pluck()
    .all(index)
    .map((cid) => columns.find((column) => column.cid === cid));
  const isWhole = stored.length === columns.length && new Set(stored).size === columns.length;
  return isWhole ? stored.filter((column) => column !== undefined) : undefined;
}

function keyIndex(database: Sqlite.Database, table: string): string | undefined {
  return database
    .prepare<unknown[], string>(`select name from pragma_index_list(?) where origin = 'pk'`)
    .pluck()
    .get(table);
}

/** By the declared type (sqlite.org/datatype3.html, 3.1). */
function hasRealAffinity(type: string): boolean {
  return /real|floa|doub/i.test(type) && !/int|char|clob|text|blob/i.test(type);
}
