import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { AbortedError } from '@sluice/core/errors';
import {
  locate,
  parsePolicies,
  type TransferPlan,
  type TransferReport,
  transfer,
} from '@sluice/transfer/copy';
import { Command, Option } from 'commander';
import { CommandError } from '../command/command-error.js';
import type { CommandOutput } from '../command/command-output.js';
import { DATABASE_HELP, databaseArgument } from '../command/database-argument.js';
import { EXIT_CODES, type ExitCode } from '../command/exit-codes.js';
import { ProgressDisplay } from '../terminal/progress-display.js';
import { count, textTable } from '../terminal/text-table.js';
import { printFindings, printUntranslated, printVerified } from './print-findings.js';

interface TransferCommandOptions {
  readonly plan?: string;
  readonly dryRun?: boolean;
  readonly on: readonly string[];
  readonly schema: 'existing' | 'translate';
  readonly exclude: readonly string[];
  readonly resume?: boolean;
  readonly replace?: boolean;
  readonly verify: boolean;
  readonly analyze: boolean;
  readonly targetSchema?: string;
  readonly jobs: number;
  readonly json?: boolean;
}

const EXAMPLES = `${DATABASE_HELP}

Examples:
  sluice transfer app.db env:DATABASE_URL --dry-run --plan plan.json
      writes what would be done, and lets the server check the schema, without a change
  sluice transfer app.db env:DATABASE_URL --plan plan.json
      does it, with your changes to plan.json, and verifies every row
  sluice transfer app.db env:DATABASE_URL --resume
      goes on after a Ctrl-C, a kill or a lost connection
  sluice transfer app.db env:DATABASE_URL --on nul-in-text=convert:strip-nul --on orphan=quarantine
  sluice transfer app.db env:DATABASE_URL --schema existing
      into empty tables that the application's migrations have made
  sluice transfer env:DATABASE_URL sqlite:./back.db
      the way back, into a new file

Exit status: 0 moved and verified; 1 refused (nothing was written), different, or moved with objects left for you to write;
2 failed; 3 stopped, --resume goes on.`;

/** The command `sluice transfer`. */
export function transferCommand(output: CommandOutput, finish: (code: ExitCode) => void): Command {
  return new Command('transfer')
    .description('Move a SQLite file to PostgreSQL, or back, and verify every row.')
    .argument('<source>', 'where the data is')
    .argument('<target>', 'where it is to go')
    .option('--dry-run', 'audit, rehearse the schema on the target and give the plan; change nothing')
    .option(
      '--plan <file>',
      'the plan to follow; --dry-run writes it, or checks one that is there and marks it',
    )
    .option('--on <policy...>', 'KIND[@TABLE[.COLUMN]]=fail|quarantine|convert:RULE', [])
    .addOption(
      new Option('--schema <how>', 'whose schema').choices(['translate', 'existing']).default('translate'),
    )
    .option('--target-schema <name>', 'the schema of PostgreSQL that takes the tables')
    .option('--exclude <table...>', 'tables to leave out', [])
    .option('--resume', 'continue a transfer that was interrupted')
    .option('--replace', 'drop existing tables with the same names first')
    .option('--no-verify', 'do not compare the rows afterwards')
    .option('--no-analyze', 'leave the statistics to autovacuum, or to your own VACUUM ANALYZE')
    .option('--jobs <n>', 'tables and threads at once', parseJobs, 2)
    .option('--json', 'print the report as JSON')
    .addHelpText('after', EXAMPLES)
    .action(async (source: string, target: string, options: TransferCommandOptions) =>
      finish(await runTransfer(source, target, options, output)),
    );
}

function parseJobs(text: string): number {
  const jobs = Number(text);
  if (Number.isInteger(jobs) && jobs >= 1 && jobs <= 64) return jobs;
  throw new CommandError('--jobs takes a number from 1 to 64.');
}

async function runTransfer(
  source: string,
  target: string,
  options: TransferCommandOptions,
  output: CommandOutput,
): Promise<ExitCode> {
  const display = await ProgressDisplay.open(output);
  const stop = new AbortController();
  const abort = (): void => stop.abort();
  process.once('SIGINT', abort).once('SIGTERM', abort);
  try {
    const report = await move(
      databaseArgument(source, output),
      databaseArgument(target, output),
      options,
      display,
      stop.signal,
    );
    display.stop();
    return printReport(report, options, output);
  } catch (error) {
    display.stop();
    if (!stop.signal.aborted && !(error instanceof AbortedError)) throw error;
    output.err('stopped; the tables that are done stay. Run the same command with --resume to go on.\n');
    return EXIT_CODES.stopped;
  } finally {
    process.off('SIGINT', abort).off('SIGTERM', abort);
  }
}

async function move(
  source: string,
  target: string,
  options: TransferCommandOptions,
  display: ProgressDisplay,
  signal: AbortSignal,
): Promise<TransferReport> {
  const from = locate(source);
  const to = locate(target);
  const common = {
    signal,
    verify: options.verify,
    exclude: options.exclude,
    onProgress: (step: Parameters<ProgressDisplay['update']>[0]) => display.update(step),
  };
  if (from.kind === 'sqlite' && to.kind === 'postgres') {
    const plan = readPlan(options);
    return transfer({
      ...options,
      ...common,
      source: from.path,
      target: to.url,
      policies: parsePolicies(options.on),
      plan,
    });
  }
  if (from.kind === 'postgres' && to.kind === 'sqlite') {
    const { transferBack } = await import('@sluice/transfer');
    return transferBack({
      ...common,
      source: from.url,
      target: to.path,
      sourceSchema: options.targetSchema,
      policies: parsePolicies(options.on),
      resume: options.resume === true,
      replace: options.replace === true,
      dryRun: options.dryRun === true,
    });
  }
  throw new CommandError('A transfer goes from SQLite to PostgreSQL, or back.');
}

function readPlan({ plan, dryRun }: TransferCommandOptions): TransferPlan | undefined {
  if (plan === undefined || (dryRun === true && !existsSync(plan))) return undefined;
  try {
    return JSON.parse(readFileSync(plan, 'utf8')) as TransferPlan;
  } catch (error) {
    throw new CommandError(`The plan ${plan} cannot be read: ${(error as Error).message}`);
  }
}

function printReport(
  report: TransferReport,
  options: TransferCommandOptions,
  output: CommandOutput,
): ExitCode {
  if (report.outcome === 'planned') return printPlan(report, options, output);
  if (options.json === true) output.out(`${JSON.stringify(report, undefined, 2)}\n`);
  else output.out(printText(report));
  return report.outcome === 'done' && report.untranslated.length === 0 ? EXIT_CODES.ok : EXIT_CODES.found;
}

function printPlan(
  { plan, findings }: TransferReport,
  options: TransferCommandOptions,
  output: CommandOutput,
): ExitCode {
  const text = `${JSON.stringify(plan, undefined, 2)}\n`;
  if (options.plan === undefined) output.out(text);
  else writeFileSync(options.plan, text);
  output.err(printFindings(findings));
  output.err(printUntranslated(plan.untranslated));
  return EXIT_CODES.ok;
}

function printText(report: TransferReport): string {
  const { outcome, findings, tables, verified, untranslated } = report;
  if (outcome === 'refused')
    return `${printFindings(findings)}refused: nothing was written. Settle each problem with --on, or change the plan.\n`;
  const moved = tables.map(({ table, rows, quarantined, converted }) => [
    count(rows),
    'rows',
    quarantined > 0 ? `${count(quarantined)} in quarantine` : '',
    converted > 0 ? `${count(converted)} converted` : '',
    table,
  ]);
  const settled = findings.filter(({ settledBy }) => settledBy !== undefined);
  const proof = verified.length === 0 ? 'not verified\n' : printVerified(verified);
  const end = outcome === 'done' ? 'done\n' : 'different: the target is not what the source is\n';
  return `${printFindings(settled)}${textTable(moved)}${proof}${printUntranslated(untranslated)}${end}`;
}
