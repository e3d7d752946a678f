import type { ValueForm } from '../values/encode-value.js';
import type { PolicyAction, ValueProblem } from '../values/value-problem.js';

/** How a column is read in the source and written in the target. */
export interface ColumnReading {
  readonly source: string;
  readonly target: string;
  /** PostgreSQL's type as {@link parseColumnType} reads it. */
  readonly type: string;
  readonly form: ValueForm;
  readonly isNotNull: boolean;
  /** Other problems fail. */
  readonly policies: Readonly<Partial<Record<ValueProblem, PolicyAction>>>;
}

/** How a table is read: key columns first, then the stored ones, then the generated ones, which are verified but not sent. */
export interface TableReading {
  readonly source: string;
  readonly target: string;
  /** `undefined` when the table has no rowid, or no name to read it by. */
  readonly rowidName: string | undefined;
  readonly columns: readonly ColumnReading[];
  /** How many of the columns are the key; 0 when the whole row is. */
  readonly keyCount: number;
  readonly generatedCount: number;
  /** Whether integers may be beyond 2^53. */
  readonly hasBigIntegers: boolean;
  /** SQL of the rows to leave out, of the orphans that are put in quarantine; `undefined` is none. */
  readonly exceptSql: string | undefined;
  /** Rows that are fetched at once: fewer the larger they are. */
  readonly batchRows: number;
}

/**
 * How a table is read that no plan describes: every column as it is, one row at a time. The first `keyCount` columns are the key.
 */
export function unplannedReading(
  table: string,
  keyCount: number,
  columns: readonly Pick<ColumnReading, 'form' | 'source' | 'type'>[],
  rowidName?: string,
): TableReading {
  return {
    source: table,
    target: table,
    rowidName,
    keyCount,
    generatedCount: 0,
    hasBigIntegers: true,
    exceptSql: undefined,
    batchRows: 1,
    columns: columns.map(({ source, type, form }) => ({
      source,
      target: source,
      type,
      form,
      isNotNull: false,
      policies: {},
    })),
  };
}

/** Part of a table by rowid, both ends included; `undefined` is the whole table. */
export type RowidRange = readonly [from: string, to: string] | undefined;
