import type { HashSums } from '../hash/hash-sums.js';
import type { Misfits } from '../reader/reader-protocol.js';
import type { TableReading } from '../reader/table-reading.js';
import { compareRows, type RowDifference } from './compare-rows.js';
import type { VerifySide } from './verify-side.js';

/** The result of comparing a table. */
export interface VerifiedTable {
  readonly table: string;
  readonly rows: number;
  /** Digest of the source's rows. Equal tables have equal digests. */
  readonly digest: string;
  readonly isEqual: boolean;
  /** The first differences. */
  readonly differences: readonly RowDifference[];
  /** Values of one side that the column on the other side cannot hold. Their rows are not among the differences. */
  readonly misfits: readonly Misfits[];
  /** Lower bound of the number of rows that differ, or are on one side only. */
  readonly differenceCount: number;
}

/** Maximum of rows to read on each side to find those that differ. */
const FIND_LIMIT = 50_000;
const SHOWN_DIFFERENCES = 20;

/** Compares a table row by row, by hash. `known` are the sums of the source, if they are computed already. */
export async function verifyTable(
  table: TableReading,
  source: VerifySide,
  target: VerifySide,
  known?: HashSums,
  onProgress?: (rows: number) => void,
): Promise<VerifiedTable> {
  const { sums: left, misfits: leftMisfits } =
    known === undefined ? await source.hash(table) : { sums: known, misfits: [] };
  const { sums: right, misfits: rightMisfits } = await target.hash(table, onProgress);
  const buckets = left.differences(right);
  const misfits = [...leftMisfits, ...rightMisfits];
  const result = { table: table.target, rows: left.rows, digest: left.digest(), misfits };
  if (buckets.size === 0 && misfits.length === 0)
    return { ...result, isEqual: true, differences: [], differenceCount: 0 };
  const differences = await findDifferences(table, source, target, buckets);
  const count = Math.max(differences.length, Math.abs(left.rows - right.rows), 1);
  return {
    ...result,
    isEqual: false,
    differences: differences
      .filter(({ key }) => !misfits.some(({ keys }) => keys.includes(key)))
      .slice(0, SHOWN_DIFFERENCES),
    differenceCount: count,
  };
}

/** Finds the rows that differ, in the buckets that differ. If few rows differ, these buckets have few other rows. */
async function findDifferences(
  table: TableReading,
  source: VerifySide,
  target: VerifySide,
  buckets: ReadonlySet<number>,
): Promise<RowDifference[]> {
  const some = buckets.size > 32 ? new Set([...buckets].slice(0, 4)) : buckets;
  const left = await source.find(table, some, FIND_LIMIT);
  const right = await target.find(table, some, FIND_LIMIT);
  return compareRows(table, left, right);
}
