import type { ValueForm } from '../values/encode-value.js';
import type { PolicyAction } from '../values/value-problem.js';

/** A column of the target. Everything but `source` may be changed in the plan's file. */
export interface PlannedColumn {
  readonly source: string;
  readonly target: string;
  /** PostgreSQL's type. */
  type: string;
  readonly form: ValueForm;
  /** Why this type; for people. */
  readonly why: string;
  readonly isNotNull: boolean;
  /** Whether values sort and compare by code point: COLLATE "C". */
  readonly isCollatedC: boolean;
  /** SQL of the default; `null` is none. */
  readonly defaultSql: string | null;
  /** SQL of a generated column's expression; `null` of every other. */
  readonly generatedSql: string | null;
  /** Whether the database numbers the rows, and the next number; `null` when it does not. */
  readonly identityNext: string | null;
}

/** A statement that follows the data, and what it makes. */
export interface PlannedStatement {
  readonly object: string;
  readonly sql: string;
}

export interface PlannedTable {
  readonly source: string;
  readonly target: string;
  readonly rowidName: string | null;
  readonly rows: number;
  /** Target names; empty without one. */
  readonly primaryKey: readonly string[];
  readonly hasBigIntegers: boolean;
  /** Rows that are read at once: fewer the larger they are. */
  readonly batchRows: number;
  readonly columns: readonly PlannedColumn[];
  /** SQL that finds rows whose foreign keys point nowhere, when they go into quarantine; `null` otherwise. */
  readonly orphansSql: string | null;
  /** Keys, unique constraints, CHECKs and indexes, right after the data of this table. */
  readonly statements: readonly PlannedStatement[];
}

/** Something of the source that is not translated, with its SQL: the target does not have it. */
export interface Untranslated {
  readonly object: string;
  readonly reason: string;
  readonly sql: string;
}

/** What a transfer does, made by an audit, written by `--dry-run` and read by `--plan`. */
export interface TransferPlan {
  readonly version: 1;
  /** Tells a source that was written to since from one that was not. */
  readonly source: {
    readonly file: string;
    readonly fingerprint: string;
    /** Set by a dry run that found nothing against the plan; without it, or after a change, the rows are checked again. */
    readonly checked?: string;
  };
  readonly schema: 'existing' | 'translate';
  /** `KIND`, `KIND@TABLE` or `KIND@TABLE.COLUMN` to `fail`, `quarantine` or `convert:RULE`; the most exact one counts. */
  readonly policies: Readonly<Record<string, PolicyAction>>;
  readonly tables: readonly PlannedTable[];
  /** Foreign keys, then views, then triggers, after all data. */
  readonly statements: readonly PlannedStatement[];
  readonly untranslated: readonly Untranslated[];
}
