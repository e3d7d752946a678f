import type { ScenarioResults, Spread, Summary } from './summary.ts';
import { summarize } from './summary.ts';

/** Formats the results of a scenario as rows of text. The first row contains the column names. */
export function tableOf(scenario: ScenarioResults): string[][] {
  const head = [
    'contender',
    scenario.unit,
    'ratio to the reference (min–max)',
    'loop held p99 / max',
    'more',
  ];
  return [head, ...summarize(scenario).map((summary) => rowOf(summary))];
}

/** Formats rows as aligned columns for a terminal. */
export function toText(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** Formats the same rows as a Markdown table. */
export function toMarkdown([head = [], ...rows]: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  const rule = line(head.map((_, column) => (column === 0 || column === head.length - 1 ? '---' : '---:')));
  return [line(head), rule, ...rows.map(line)].join('\n');
}

function rowOf(summary: Summary): string[] {
  const { contender, error, value, ratio, loopP99, loopMax } = summary;
  if (error !== undefined) return [contender, '–', '–', '–', error];
  const loop = loopMax === undefined ? '–' : `${figure(loopP99 ?? 0)} / ${figure(loopMax)} ms`;
  return [contender, figure(value.median), spreadText(ratio), loop, moreOf(summary)];
}

function spreadText({ median, min, max }: Spread): string {
  return `${figure(median)} (${figure(min)}–${figure(max)})`;
}

function moreOf({ p99Ms, details, errors }: Summary): string {
  const parts = Object.entries(details).map(([name, value]) => `${DETAILS[name] ?? name} ${figure(value)}`);
  if (p99Ms !== undefined) parts.unshift(`p99 ${figure(p99Ms)} ms`);
  for (const [code, count] of Object.entries(errors)) parts.push(`${count} × ${code}`);
  return parts.join(', ');
}

const DETAILS: Readonly<Record<string, string>> = {
  cpuAll: 'all threads',
  cpuCaller: 'µs of processor per call: caller',
  duringScan: 'during the scan, calls/s:',
  peakMemoryMb: 'peak memory, MB:',
  replays: 'replays per transaction:',
  scanMs: 'scan, ms:',
  withoutScan: 'without it:',
};

/** Formats a number with at most three significant digits. */
export function figure(value: number): string {
  if (value >= 1000) return Math.round(value).toLocaleString('en');
  return String(Number(value.toPrecision(3)));
}
