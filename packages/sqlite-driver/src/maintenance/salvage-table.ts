import type Sqlite from 'better-sqlite3';
import { RowCopier } from './row-copier.js';
import type { TaskContext } from './task-context.js';

/** What became of one table. */
export interface SalvagedTable {
  readonly name: string;
  /** Whether nothing of it is missing. */
  readonly isComplete: boolean;
  /** Rows in the new file. */
  readonly rows: number;
  /** Rows that were read and that a constraint of the table refuses. */
  readonly rejected: number;
  /** The first of the reasons. */
  readonly rejection: string | undefined;
  /** Ranges of rowids that cannot be read; rows may or may not have been there. Of a table without rowids it is not known where the gap is. */
  readonly gaps: readonly RowidRange[];
}

/** From one rowid to another, both included. */
export interface RowidRange {
  readonly from: bigint;
  readonly to: bigint;
}

const FIRST_ROWID = -(2n ** 63n);
const LAST_ROWID = 2n ** 63n - 1n;

/** Places within a gap at which readable rows are looked for. */
const PROBES = 128;

/** Copies what can be read of one table. */
export function salvageTable(
  source: Sqlite.Database,
  target: Sqlite.Database,
  name: string,
  context: TaskContext,
): SalvagedTable {
  const copier = new RowCopier(source, target, name, context);
  const gaps = copier.hasRowids ? salvageRange(copier, FIRST_ROWID, LAST_ROWID) : salvageByKey(copier);
  copier.finish();
  const { rows, rejected, rejection } = copier;
  return { name, isComplete: gaps.length === 0 && rejected === 0, rows, rejected, rejection, gaps };
}

/** Reads from the lowest rowid up to the damage, then finds the next row behind it, and so on. */
function salvageRange(copier: RowCopier, from: bigint, to: bigint): RowidRange[] {
  const gaps: RowidRange[] = [];
  let start = from;
  while (start <= to) {
    const copied = copier.copyUp(start, to);
    if (copied.isWhole) return gaps;
    const gapStart = copied.last === undefined ? start : copied.last + 1n;
    const next = gapStart > to ? undefined : findNext(copier, gapStart, to);
    if (next === undefined) {
      gaps.push({ from: gapStart, to });
      return gaps;
    }
    gaps.push(...narrow(copier, { from: gapStart, to: next - 1n }));
    start = next;
  }
  return gaps;
}

/** The lowest readable rowid behind damage, looked for in steps that double. */
function findNext(copier: RowCopier, from: bigint, to: bigint): bigint | undefined {
  for (let step = 1n; from + step <= to; step *= 2n) {
    const found = copier.firstFrom(from + step);
    if (found === 'nothing') return undefined;
    if (found !== 'damaged') return found;
  }
  return undefined;
}

/** Reads what lies within a gap: from its end down, and around evenly spaced places. */
function narrow(copier: RowCopier, gap: RowidRange): RowidRange[] {
  if (gap.from > gap.to) return [];
  const down = copier.copyDown(gap.from, gap.to);
  if (down.isWhole) return [];
  const left = { from: gap.from, to: down.last === undefined ? gap.to : down.last - 1n };
  if (left.from > left.to) return [];
  const island = findIsland(copier, left);
  if (island === undefined) return [left];
  const up = copier.copyUp(island, left.to);
  const below = narrow(copier, { from: left.from, to: island - 1n });
  const above = up.isWhole ? [] : narrow(copier, { from: (up.last ?? island) + 1n, to: left.to });
  return [...below, ...above];
}

function findIsland(copier: RowCopier, { from, to }: RowidRange): bigint | undefined {
  const width = (to - from) / BigInt(PROBES);
  if (width === 0n) return undefined;
  for (let at = from + width; at < to; at += width) {
    const found = copier.firstFrom(at);
    if (found !== 'damaged' && found !== 'nothing' && found <= to) return found;
  }
  return undefined;
}

/** Without rowids there are two ends to read from, and one gap that nobody can name. */
function salvageByKey(copier: RowCopier): RowidRange[] {
  const isWhole = copier.copyByKey('asc') || copier.copyByKey('desc');
  return isWhole ? [] : [{ from: FIRST_ROWID, to: LAST_ROWID }];
}
