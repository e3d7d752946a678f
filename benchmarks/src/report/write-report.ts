import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Engine } from '../contender.ts';
import { chartOf } from './chart.ts';
import { type BenchmarkResults, summarize } from './summary.ts';
import { figure, tableOf, toMarkdown } from './table.ts';

const FOLDER = new URL('../../results/', import.meta.url);

/** Stores a run as a dated file and returns its path. */
export function keepResults(results: BenchmarkResults): string {
  const file = new URL(`${results.date.slice(0, 10)}-${results.engine}.json`, FOLDER);
  writeFileSync(file, `${JSON.stringify(results, undefined, 1)}\n`);
  return fileURLToPath(file);
}

/** Writes the page and the charts from the newest run of each engine. */
export function writeReport(): void {
  const newest = (['sqlite', 'postgres'] as const).flatMap((engine) => newestOf(engine) ?? []);
  for (const results of newest) writeFileSync(new URL(`${results.engine}.svg`, FOLDER), chartOf(results));
  writeFileSync(new URL('README.md', FOLDER), `${[HEAD, ...newest.map(sectionOf)].join('\n\n')}\n`);
}

const HEAD = `# Results

Written by \`npm run bench\` from the newest data in this folder; not to be edited. [How it is measured](../README.md), and what a
number here does not prove. Every ratio is to the reference in the same round: the first line of each table.`;

function newestOf(engine: Engine): BenchmarkResults | undefined {
  const file = readdirSync(FOLDER)
    .filter((name) => name.endsWith(`-${engine}.json`))
    .sort()
    .at(-1);
  return file === undefined ? undefined : JSON.parse(readFileSync(new URL(file, FOLDER), 'utf8'));
}

function sectionOf(results: BenchmarkResults): string {
  const { engine, scenarios } = results;
  return [
    `## ${engine === 'sqlite' ? 'SQLite' : 'PostgreSQL'}`,
    conditionsOf(results),
    `![Ratios to the reference](${engine}.svg)`,
    '### Against what the project asks',
    toMarkdown(askedOf(results)),
    ...scenarios.flatMap((scenario) => [`### ${capitalized(scenario.title)}`, toMarkdown(tableOf(scenario))]),
  ].join('\n\n');
}

/** Describes the date, the machine and the settings of a run. */
export function conditionsOf({ date, isQuick, machine, server, pace, scenarios }: BenchmarkResults): string {
  const versions = new Map<string, string>();
  for (const { told } of scenarios.flatMap(({ contenders }) => contenders)) {
    for (const [name, version] of Object.entries((told?.versions ?? {}) as Record<string, string>)) {
      if (!name.startsWith('@sluice/')) versions.set(name, version);
    }
  }
  const list = [...versions].map(([name, version]) => `${name} ${version}`).sort();
  return [
    `${date}${isQuick ? ' (quick run: not for conclusions)' : ''}. ${machine.processor}, ${machine.cores} cores, ${machine.memoryGb} GB, ${machine.system}; flush of one page ${figure(machine.flushMs)} ms; Node ${machine.node}${server === undefined ? '' : `; ${server}`}.`,
    `${pace.rounds} rounds of ${pace.turnMs} ms each after ${pace.warmUpMs} ms of warming up, ${pace.rows.toLocaleString('en')} rows.`,
    `${list.join(', ')}.`,
  ].join('\n');
}

function askedOf({ scenarios }: BenchmarkResults): string[][] {
  const rows = scenarios.flatMap((scenario) => {
    if (scenario.floor === undefined) return [];
    const sluice = summarize(scenario).find(({ contender }) => contender === 'sluice');
    if (sluice === undefined) return [];
    const { error, ratio, loopMax } = sluice;
    const isMet = error === undefined && ratio.median >= scenario.floor;
    return [
      [
        scenario.title,
        figure(scenario.floor),
        error ?? `${figure(ratio.median)} (${figure(ratio.min)}–${figure(ratio.max)})`,
        isMet ? 'yes' : '**no**',
        loopMax === undefined ? '–' : `${figure(loopMax)} ms`,
      ],
    ];
  });
  return [['scenario', 'asked', 'measured (min–max)', 'met', 'loop held at most'], ...rows];
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
