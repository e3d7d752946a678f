import { statSync } from 'node:fs';
import type Sqlite from 'better-sqlite3';
import { readIndexText } from './index-text.js';
import type {
  SkippedTable,
  SourceColumn,
  SourceForeignKey,
  SourceIndex,
  SourceObject,
  SourceSchema,
  SourceTable,
} from './schema.js';
import { readTableText, type TableText } from './table-text.js';

type Row = Readonly<Record<string, unknown>>;

const TABLES = `
  select l.name, l.type, l.wr, l.strict, coalesce(s.sql, '') as sql
  from pragma_table_list l join sqlite_schema s on s.name = l.name and s.type = 'table'
  where l.schema = 'main' and l.name not like 'sqlite\\_%' escape '\\' order by l.name`;

const OBJECTS = `select type, name, tbl_name, sql from sqlite_schema where type in ('view', 'trigger') order by name`;

/** Reads the schema of the file. Call it in a transaction, so that all of it comes from one snapshot. */
export function readSourceSchema(database: Sqlite.Database): SourceSchema {
  const tables = all(database, TABLES);
  const objects = all(database, OBJECTS).map(toObject);
  const sequences = readSequences(database);
  return {
    tables: tables.filter((row) => row.type === 'table').map((row) => readTable(database, row, sequences)),
    views: objects.filter(({ kind }) => kind === 'view'),
    triggers: objects.filter(({ kind }) => kind === 'trigger'),
    skipped: tables.filter((row) => row.type !== 'table').map(toSkipped),
    journalMode: String(database.pragma('journal_mode', { simple: true })),
    sizeBytes: statSync(database.name).size,
  };
}

function all(database: Sqlite.Database, sql: string, ...parameters: unknown[]): Row[] {
  return database.prepare<unknown[], Row>(sql).all(...parameters);
}

function toObject(row: Row): SourceObject {
  const kind = row.type === 'view' ? 'view' : 'trigger';
  return { kind, name: String(row.name), table: String(row.tbl_name), sql: String(row.sql) };
}

function toSkipped(row: Row): SkippedTable {
  const reason = row.type === 'virtual' ? 'virtual' : 'shadow';
  return { name: String(row.name), reason, sql: String(row.sql) };
}

/** Reads the last numbers of AUTOINCREMENT. Their table exists only if an AUTOINCREMENT table does. SQLite ignores text and NULL in it. */
function readSequences(database: Sqlite.Database): ReadonlyMap<string, bigint> {
  const exists = all(database, `select 1 from sqlite_schema where name = 'sqlite_sequence'`).length > 0;
  if (!exists) return new Map();
  const rows = database
    .prepare<unknown[], { name: string; seq: bigint }>(
      `select name, max(seq) as seq from sqlite_sequence where typeof(seq) = 'integer' group by name`,
    )
    .safeIntegers()
    .all();
  return new Map(rows.map(({ name, seq }) => [name, seq]));
}

function readTable(database: Sqlite.Database, row: Row, sequences: ReadonlyMap<string, bigint>): SourceTable {
  const name = String(row.name);
  const text = readTableText(String(row.sql));
  // `hidden` is 1 for hidden columns of virtual tables, and 2 or 3 for generated columns.
  const info = all(database, 'select * from pragma_table_xinfo(?) where hidden <> 1 order by cid', name);
  const hasRowid = Number(row.wr) === 0;
  const primaryKey = info
    .filter(({ pk }) => Number(pk) > 0)
    .sort((left, right) => Number(left.pk) - Number(right.pk))
    .map((column) => String(column.name));
  const indexes = readIndexes(database, name);
  return {
    name,
    sql: String(row.sql),
    columns: info.map((column) => toColumn(column, text)),
    primaryKey,
    indexes: indexes.filter(({ origin }) => origin !== 'pk').map(({ index }) => index),
    foreignKeys: readForeignKeys(database, name, text),
    checks: text.checks,
    isStrict: Number(row.strict) === 1,
    hasRowid,
    rowidName: hasRowid ? rowidName(info) : undefined,
    // INTEGER PRIMARY KEY DESC is not an alias of the rowid: it has its own index.
    rowidAlias:
      hasRowid && primaryKey.length === 1 && !indexes.some(({ origin }) => origin === 'pk')
        ? primaryKey[0]
        : undefined,
    sequence: sequences.get(name),
  };
}

function toColumn(row: Row, text: TableText): SourceColumn {
  const name = String(row.name);
  const key = name.toLowerCase();
  return {
    name,
    declaredType: String(row.type).replace(/\s*generated always$/i, ''),
    isNotNull: Number(row.notnull) === 1,
    defaultSql: row.dflt_value === null ? undefined : String(row.dflt_value),
    generatedSql: text.generated.get(key),
    isGenerated: Number(row.hidden) >= 2,
    collation: text.collations.get(key) ?? 'BINARY',
  };
}

function rowidName(columns: readonly Row[]): string | undefined {
  const names = new Set(columns.map((column) => String(column.name).toLowerCase()));
  return ['rowid', '_rowid_', 'oid'].find((name) => !names.has(name));
}

interface FoundIndex {
  readonly origin: string;
  readonly index: SourceIndex;
}

function readIndexes(database: Sqlite.Database, table: string): FoundIndex[] {
  const list = all(
    database,
    `select l.name, l."unique", l.origin, s.sql from pragma_index_list(?) l
     left join sqlite_schema s on s.name = l.name and s.type = 'index' order by l.seq desc`,
    table,
  );
  return list.map((row) => {
    const sql = typeof row.sql === 'string' ? row.sql : undefined;
    const text = sql === undefined ? undefined : readIndexText(sql);
    const parts = all(database, 'select * from pragma_index_xinfo(?) where key = 1 order by seqno', row.name);
    return {
      origin: String(row.origin),
      index: {
        name: String(row.name),
        isUnique: Number(row.unique) === 1,
        origin: row.origin === 'u' ? 'constraint' : 'index',
        parts: parts.map((part, position) => ({
          column: part.name === null ? undefined : String(part.name),
          expressionSql: part.name === null ? text?.parts[position] : undefined,
          collation: String(part.coll ?? 'BINARY').toUpperCase(),
          isDescending: Number(part.desc) === 1,
        })),
        whereSql: text?.whereSql,
        sql,
      },
    };
  });
}

/** SQLite lists foreign keys in reverse order, and the parent's columns as NULL when they are its primary key. */
function readForeignKeys(database: Sqlite.Database, table: string, text: TableText): SourceForeignKey[] {
  const rows = all(database, 'select * from pragma_foreign_key_list(?) order by id desc, seq', table);
  const groups = [...Map.groupBy(rows, (row) => row.id).values()];
  return groups.map((parts, position) => {
    const [first] = parts;
    const parent = String(first?.table);
    const written = text.foreignKeys[position];
    return {
      name: written?.name,
      columns: parts.map((part) => String(part.from)),
      parent: actualName(database, parent),
      parentColumns: parts.every((part) => part.to === null)
        ? primaryKeyOf(database, parent)
        : parts.map((part) => String(part.to)),
      onUpdate: String(first?.on_update),
      onDelete: String(first?.on_delete),
      isDeferred: written?.isDeferred ?? false,
    };
  });
}

/** The name of a table as declared. A foreign key may write it in another case. */
function actualName(database: Sqlite.Database, name: string): string {
  const [row] = all(
    database,
    `select name from sqlite_schema where type = 'table' and name = ? collate nocase`,
    name,
  );
  return String(row?.name ?? name);
}

function primaryKeyOf(database: Sqlite.Database, table: string): string[] {
  return all(database, 'select name from pragma_table_info(?) where pk > 0 order by pk', table).map(
    ({ name }) => String(name),
  );
}
