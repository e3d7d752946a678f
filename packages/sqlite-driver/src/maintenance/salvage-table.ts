import type Sqlite from 'better-sqlite3';
import { RowCopier } from './row-copier.js';
import type { TaskContext } from './task-context.js';

/** The result of salvaging one table. */
export interface SalvagedTable {
  readonly name: string;
  /** Whether all its rows are in the new file. */
  readonly isComplete: boolean;
  /** How many rows are in the new file. */
  readonly rows: number;
  /** How many rows were read but violate a constraint of the table. */
  readonly rejected: number;
  /** SQLite's message for the first of them. */
  readonly rejection: string | undefined;
  /** Ranges of rowids that could not be read. Rows may or may not have been there. For a table without rowids, the whole range. */
  readonly gaps: readonly RowidRange[];
}

/** A range of rowids, including both ends. */
export interface RowidRange {
  readonly from: bigint;
  readonly to: bigint;
}

const FIRST_ROWID = -(2n ** 63n);
const LAST_ROWID = 2n ** 63n - 1n;

/** How many places within a gap are probed for readable rows. */
const PROBES = 128;

/** Copies the readable rows of one table. */
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

/** Reads upwards from the lowest rowid until damage, continues at the next readable row, and so on. */
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

/** A readable rowid after the damage, probed at distances that double. */
function findNext(copier: RowCopier, from: bigint, to: bigint): bigint | undefined {
  for (let step = 1n; from + step <= to; step *= 2n) {
    const found = copier.firstFrom(from + step);
    if (found === 'nothing') return undefined;
    if (found !== 'damaged') return found;
  }
  return undefined;
}

/** Reads rows within a gap: downwards from its end, and around evenly spaced rowids. Returns the remaining gaps. */
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

/** Reads a table without rowids from both ends. The gap between them has no rowids, so it is reported as the whole range. */
function salvageByKey(copier: RowCopier): RowidRange[] {
  const isWhole = copier.copyByKey('asc') || copier.copyByKey('desc');
  return isWhole ? [] : [{ from: FIRST_ROWID, to: LAST_ROWID }];
}
