import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CommandLine, readCommandLine, USAGE } from './command-line.ts';
import type { Engine } from './contender.ts';
import { type ContenderEntry, contendersOf } from './contenders.ts';
import { describeMachine } from './machine.ts';
import type { BenchmarkResults, ScenarioResults } from './report/summary.ts';
import { tableOf, toText } from './report/table.ts';
import { conditionsOf, keepResults, writeReport } from './report/write-report.ts';
import type { Data } from './run/data.ts';
import { FULL_PACE, type Pace, QUICK_PACE } from './run/pace.ts';
import { ProcessPool } from './run/process-pool.ts';
import { runScenario } from './run/run-scenario.ts';
import type { Scenario } from './scenario.ts';
import { scenariosOf } from './scenarios.ts';
import { PostgresData } from './workload/postgres-data.ts';
import { SqliteData } from './workload/sqlite-data.ts';

try {
  await main(readCommandLine(process.argv.slice(2)));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

async function main(command: CommandLine): Promise<void> {
  if (command.action === 'help') return console.log(USAGE);
  if (command.action === 'list') return command.engines.forEach(list);
  if (command.action === 'report') return writeReport();
  const folder = mkdtempSync(join(command.folder ?? tmpdir(), 'sluice-bench-'));
  process.once('SIGINT', () => {
    rmSync(folder, { recursive: true, force: true });
    process.exit(130);
  });
  try {
    for (const engine of command.engines) await runEngine(engine, command, folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function list(engine: Engine): void {
  console.log(
    `${engine}\n  contenders: ${contendersOf(engine, [])
      .map(({ name }) => name)
      .join(', ')}`,
  );
  for (const { name, title } of scenariosOf(engine, [])) console.log(`  ${name.padEnd(28)} ${title}`);
}

async function runEngine(engine: Engine, command: CommandLine, folder: string): Promise<void> {
  const pace = command.isQuick ? QUICK_PACE : FULL_PACE;
  const machine = describeMachine(folder);
  const scenarios = scenariosOf(engine, command.scenarios);
  const data = await provideData(engine, pace, folder);
  const pool = new ProcessPool();
  try {
    const measured: ScenarioResults[] = [];
    for (const scenario of scenarios) {
      const since = performance.now();
      const contenders = await runScenario(scenario, entriesOf(scenario, command), {
        data,
        pace,
        pool,
        folder,
      });
      const { name, title, unit, isLowerBetter, floor, target } = scenario;
      const result = {
        name,
        title,
        unit,
        ...target,
        ...(isLowerBetter && { isLowerBetter }),
        ...(floor && { floor }),
        contenders,
      };
      measured.push(result);
      console.log(
        `\n${engine} · ${title}${floor ? ` · asked: ${floor}` : ''} · ${((performance.now() - since) / 1000).toFixed(1)} s\n${toText(tableOf(result))}`,
      );
    }
    const results: BenchmarkResults = {
      date: new Date().toISOString(),
      engine,
      isQuick: command.isQuick,
      machine,
      ...(data instanceof PostgresData && { server: data.description }),
      pace: { rounds: pace.rounds, turnMs: pace.turnMs, warmUpMs: pace.warmUpMs, rows: data.rows },
      scenarios: measured,
    };
    console.log(`\n${conditionsOf(results)}`);
    if (!command.keeps) return;
    console.log(`Kept in ${keepResults(results)}`);
    writeReport();
  } finally {
    await pool.close();
    await data.close();
  }
}

function entriesOf({ engine, contenders }: Scenario, command: CommandLine): ContenderEntry[] {
  return contendersOf(engine, command.contenders).filter(({ name }) => contenders?.includes(name) ?? true);
}

async function provideData(engine: Engine, pace: Pace, folder: string): Promise<Data> {
  if (engine === 'sqlite') return new SqliteData(folder, pace.rows.sqlite);
  return PostgresData.start(pace.rows.postgres);
}
