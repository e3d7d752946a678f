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
  /** A problem without an action fails. */
  readonly policies: Readonly<Partial<Record<ValueProblem, PolicyAction>>>;
}

/** How a table is read: the key columns first, then the stored columns, then the generated ones, which are verified but not sent. */
export interface TableReading {
  readonly source: string;
  readonly target: string;
  /** `undefined` when the table has no rowid, or columns hide all of its names. */
  readonly rowidName: string | undefined;
  readonly columns: readonly ColumnReading[];
  /** Number of key columns; 0 means that the whole row is the key. */
  readonly keyCount: number;
  readonly generatedCount: number;
  /** Whether integers may be beyond 2^53. */
  readonly hasBigIntegers: boolean;
  /** SQL condition of the rows to skip, which are orphans that go into quarantine; `undefined` skips none. */
  readonly exceptSql: string | undefined;
  /** How many rows to fetch at once; the larger the rows, the fewer. */
  readonly batchRows: number;
}

/** How to read a table that no plan describes: every column as it is, one row at a time. The first `keyCount` columns are the key. */
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

/** A range of rowids, both ends included; `undefined` is the whole table. */
export type RowidRange = readonly [from: string, to: string] | undefined;
