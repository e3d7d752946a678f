import { styleText } from 'node:util';
import type { CatalogueFigures } from './catalogue-figures.js';

/** Formats the figures of a run as text. */
export function describeFigures(figures: CatalogueFigures): string {
  return [describeLoad(figures), describeForeground(figures), describeHealth(figures)].join('\n');
}

function describeLoad({ load, totals, driver }: CatalogueFigures): string {
  const rows = totals.files + totals.folders + totals.contents;
  return section(`Catalogue on ${driver}`, [
    ['files', count(totals.files), changesOf(load)],
    ['folders', count(totals.folders), ''],
    ['contents', count(totals.contents), 'files of equal content share one'],
    ['rows', count(rows), `${count(load.rowsWritten)} written, ${count(load.rowsPerSecond)} rows/s`],
    ['hashed', bytes(load.bytesHashed), `${count(load.checked)} files checked in ${seconds(load.seconds)}`],
    ...(load.unreadable > 0 ? [['unreadable', count(load.unreadable), 'left as they were']] : []),
  ]);
}

function changesOf({ added, changed, removed, unchanged }: CatalogueFigures['load']): string {
  const parts = { added, changed, removed, unchanged };
  return Object.entries(parts)
    .map(([name, number]) => `${count(number)} ${name}`)
    .join(', ');
}

function describeForeground({ foreground }: CatalogueFigures): string {
  const kinds = Object.entries(foreground.operations);
  return section(`${foreground.callers} callers meanwhile`, [
    ['', 'operations', 'p50', 'p99', 'max'],
    ...kinds.map(([kind, figures]) => [
      kind,
      count(figures.count),
      milliseconds(figures.p50Ms),
      milliseconds(figures.p99Ms),
      milliseconds(figures.maxMs),
    ]),
  ]);
}

function describeHealth({ eventLoop, locks, errors }: CatalogueFigures): string {
  const codes = Object.entries(errors).map(([code, number]) => `${count(number)} × ${code}`);
  return section('Health', [
    ['longest event-loop stall', milliseconds(eventLoop.longestStallMs)],
    ['waits for the writer', count(locks.writerWaits), `longest ${milliseconds(locks.longestWriterWaitMs)}`],
    ['lock retries', count(locks.retries), `${count(locks.failures)} failed`],
    ['replays', count(locks.replays)],
    ['errors', codes.length === 0 ? 'none' : codes.join(', ')],
  ]);
}

/** Formats a title and aligned rows: the first column to the left, figures to the right, and a note of three columns to the left. */
function section(title: string, rows: readonly (readonly string[])[]): string {
  const width = (column: number): number =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0), column === 0 ? 12 : 8);
  const hasRemark = rows.every(({ length }) => length <= 3);
  const lines = rows.map((row) =>
    row
      .map((cell, column) => {
        if (column === 0) return cell.padEnd(width(column));
        return hasRemark && column === 2 ? cell : cell.padStart(width(column));
      })
      .join('  ')
      .trimEnd(),
  );
  return `${styleText('bold', title, { stream: process.stdout })}\n${lines.map((line) => `  ${line}\n`).join('')}`;
}

function count(value: number): string {
  return Math.round(value).toLocaleString('en');
}

function milliseconds(value: number): string {
  return `${value.toFixed(1)} ms`;
}

function seconds(value: number): string {
  return `${value.toFixed(1)} s`;
}

function bytes(value: number): string {
  return `${(value / 1e6).toLocaleString('en', { maximumFractionDigits: 1 })} MB`;
}
