import type { ValueForm } from '../values/encode-value.js';
import type { PolicyAction } from '../values/value-problem.js';

/** A column of the target. The user may change all of it in the plan's file, except `source`. */
export interface PlannedColumn {
  readonly source: string;
  readonly target: string;
  /** PostgreSQL's type. */
  type: string;
  readonly form: ValueForm;
  /** The reason for the type, for the reader of the plan. */
  readonly why: string;
  readonly isNotNull: boolean;
  /** Whether the column has COLLATE "C", so that text sorts by code point. */
  readonly isCollatedC: boolean;
  /** SQL of the default in the source; `null` without one. */
  readonly defaultSql: string | null;
  /** SQL expression of a generated column; `null` for every other column. */
  readonly generatedSql: string | null;
  /** The next number of an identity column; `null` for every other column. */
  readonly identityNext: string | null;
}

/** A statement to run after the data is copied, and the object that it creates. */
export interface PlannedStatement {
  readonly object: string;
  readonly sql: string;
}

export interface PlannedTable {
  readonly source: string;
  readonly target: string;
  readonly rowidName: string | null;
  readonly rows: number;
  /** Names in the target; empty without a primary key. */
  readonly primaryKey: readonly string[];
  readonly hasBigIntegers: boolean;
  /** How many rows to read at once; the larger the rows, the fewer. */
  readonly batchRows: number;
  readonly columns: readonly PlannedColumn[];
  /** SQL condition of the orphan rows that go into quarantine; `null` when none do. */
  readonly orphansSql: string | null;
  /** Keys, unique constraints, CHECKs and indexes, created directly after this table is copied. */
  readonly statements: readonly PlannedStatement[];
}

/** An object of the source that the target does not have, because it is not translated. */
export interface Untranslated {
  readonly object: string;
  readonly reason: string;
  readonly sql: string;
}

/** The plan of a transfer. An audit makes it, `--dry-run` writes it, and `--plan` reads it. */
export interface TransferPlan {
  readonly version: 1;
  /** The source that the plan was made for. */
  readonly source: {
    readonly file: string;
    readonly fingerprint: string;
    /** Digest of the plan, set by a dry run that found no problem. Without it, or after a change, the rows are checked again. */
    readonly checked?: string;
  };
  readonly schema: 'existing' | 'translate';
  /** `fail`, `quarantine` or `convert:RULE` by `KIND`, `KIND@TABLE` or `KIND@TABLE.COLUMN`. The most specific one applies. */
  readonly policies: Readonly<Record<string, PolicyAction>>;
  readonly tables: readonly PlannedTable[];
  /** Foreign keys, then views, then triggers, created after all tables are copied. */
  readonly statements: readonly PlannedStatement[];
  readonly untranslated: readonly Untranslated[];
}
