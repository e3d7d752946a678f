/** A column of a SQLite table, as declared. */
export interface SourceColumn {
  readonly name: string;
  /** As written; empty without a type. */
  readonly declaredType: string;
  readonly isNotNull: boolean;
  /** SQL of the default, as written. */
  readonly defaultSql: string | undefined;
  /** SQL of a generated column's expression. */
  readonly generatedSql: string | undefined;
  readonly isGenerated: boolean;
  /** `BINARY`, `NOCASE`, `RTRIM`, or a collation that an application defined. */
  readonly collation: string;
}

/** A part of an index: a column, or an expression's SQL. */
export interface SourceIndexPart {
  readonly column: string | undefined;
  readonly expressionSql: string | undefined;
  readonly collation: string;
  readonly isDescending: boolean;
}

export interface SourceIndex {
  readonly name: string;
  readonly isUnique: boolean;
  /** `constraint`: UNIQUE of CREATE TABLE; `index`: CREATE INDEX. */
  readonly origin: 'constraint' | 'index';
  readonly parts: readonly SourceIndexPart[];
  /** SQL of the predicate of a partial index. */
  readonly whereSql: string | undefined;
  /** CREATE INDEX as written; `undefined` for a constraint. */
  readonly sql: string | undefined;
}

export interface SourceForeignKey {
  readonly name: string | undefined;
  readonly columns: readonly string[];
  readonly parent: string;
  readonly parentColumns: readonly string[];
  readonly onUpdate: string;
  readonly onDelete: string;
  readonly isDeferred: boolean;
}

export interface SourceCheck {
  readonly name: string | undefined;
  readonly sql: string;
}

export interface SourceTable {
  readonly name: string;
  /** CREATE TABLE as written. */
  readonly sql: string;
  readonly columns: readonly SourceColumn[];
  /** In the order of the key; empty without a key. */
  readonly primaryKey: readonly string[];
  readonly indexes: readonly SourceIndex[];
  readonly foreignKeys: readonly SourceForeignKey[];
  readonly checks: readonly SourceCheck[];
  readonly isStrict: boolean;
  readonly hasRowid: boolean;
  /** A name of the rowid; `undefined` for WITHOUT ROWID, or when columns hide all three names. */
  readonly rowidName: string | undefined;
  /** The INTEGER PRIMARY KEY column, which is the rowid. */
  readonly rowidAlias: string | undefined;
  /** The last number that AUTOINCREMENT assigned. */
  readonly sequence: bigint | undefined;
}

/** A view or trigger. */
export interface SourceObject {
  readonly kind: 'trigger' | 'view';
  readonly name: string;
  /** The table or view that a trigger belongs to. */
  readonly table: string;
  readonly sql: string;
}

/** A virtual table, or a shadow table that stores the data of a virtual table. */
export interface SkippedTable {
  readonly name: string;
  readonly reason: 'shadow' | 'virtual';
  readonly sql: string;
}

/** The schema of a SQLite file, read in one snapshot. */
export interface SourceSchema {
  readonly tables: readonly SourceTable[];
  readonly views: readonly SourceObject[];
  readonly triggers: readonly SourceObject[];
  readonly skipped: readonly SkippedTable[];
  readonly journalMode: string;
  readonly sizeBytes: number;
}
