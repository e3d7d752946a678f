import type Sqlite from 'better-sqlite3';

/** A finding that the audit must report. */
export interface ExpectedFinding {
  readonly kind: string;
  readonly table?: string;
  readonly column?: string;
  readonly count?: number;
  readonly keys?: readonly string[];
  readonly severity?: 'note' | 'problem';
}

/** What a query of the target must give after the move. */
export interface ExpectedRows {
  readonly sql: string;
  readonly rows: readonly unknown[][];
}

/** One of the traps of a move from SQLite to PostgreSQL: a file that has it, and what becomes of it. */
export interface Trap {
  /** Number in docs/reference/translation.md. */
  readonly number: number;
  readonly name: string;
  /** Makes the file: SQL, or code where SQL cannot. */
  readonly build: string | ((database: Sqlite.Database) => void);
  readonly finds?: readonly ExpectedFinding[];
  /** Whether a transfer without policies is refused before anything is written. */
  readonly isRefused?: boolean;
  /** With which the transfer is made. */
  readonly policies?: readonly string[];
  readonly gives?: readonly ExpectedRows[];
  /** Statements that the target must refuse afterwards. */
  readonly refuses?: readonly string[];
  /** Objects listed as not translated, by the beginning of their name. */
  readonly lists?: readonly string[];
  /** Rows in quarantine. */
  readonly quarantined?: number;
}
