import { type Diagnosis, examine, locate, readSymptoms, type Symptoms } from '@sluice/transfer';
import { Command } from 'commander';
import { CommandError } from '../command/command-error.js';
import type { CommandOutput } from '../command/command-output.js';
import { existingDatabase } from '../command/existing-database.js';
import { EXIT_CODES, type ExitCode } from '../command/exit-codes.js';
import { textTable } from '../terminal/text-table.js';
import { readKeptMetrics, readMetrics } from './read-metrics.js';

interface DoctorOptions {
  readonly metrics?: string;
  readonly machines: string;
  readonly json?: boolean;
}

const EXAMPLES = `
Examples:
  sluice doctor sqlite:./app.db
  sluice doctor ./app.db --metrics http://localhost:3000/metrics.json
      with what the running application answers: storage.metrics() as JSON
  sluice doctor ./app.db
      adds up ./app.db-metrics-*.json, if the application's driver keeps them: sqlite({ metricsFile: true })
  sluice doctor ./app.db --machines 2 --json

It says move above 5 % of writes that fail for the lock, 10 writers at once, 500 MB, or one machine.
Exit status: 0 stay, 1 tune or move, 2 failed.`;

/** The command `sluice doctor`. */
export function doctorCommand(output: CommandOutput, finish: (code: ExitCode) => void): Command {
  return new Command('doctor')
    .description('Say whether to stay with SQLite, to tune it, or to move.')
    .argument('[database]', 'the file; default: the environment variable DATABASE_URL', 'env:DATABASE_URL')
    .option('--metrics <place>', 'a URL or file that gives storage.metrics() as JSON')
    .option('--machines <n>', 'machines that run the application', '1')
    .option('--json', 'print the findings as JSON')
    .addHelpText('after', EXAMPLES)
    .action(async (database: string, options: DoctorOptions) =>
      finish(await runDoctor(database, options, output)),
    );
}

async function runDoctor(database: string, options: DoctorOptions, output: CommandOutput): Promise<ExitCode> {
  const located = locate(await existingDatabase(database, output));
  if (located.kind !== 'sqlite')
    throw new CommandError('The doctor is for a SQLite file; this one has moved already.');
  const machines = Number(options.machines);
  if (!Number.isInteger(machines) || machines < 1)
    throw new CommandError('--machines takes a whole number from 1.');
  const { metrics: place } = options;
  const metrics = place === undefined ? await readKeptMetrics(located.path) : await readMetrics(place);
  const symptoms: Symptoms = { ...(await readSymptoms(located.path)), machines, metrics };
  const diagnosis = examine(symptoms);
  if (options.json === true) output.out(`${JSON.stringify({ ...diagnosis, symptoms }, undefined, 2)}\n`);
  else output.out(print(symptoms, diagnosis));
  return diagnosis.verdict === 'stay' ? EXIT_CODES.ok : EXIT_CODES.found;
}

function print({ metrics, ...file }: Symptoms, { verdict, reasons }: Diagnosis): string {
  const facts = [
    ['file', `${(file.fileBytes / 1e6).toFixed(1)} MB, ${(file.freeBytes / 1e6).toFixed(1)} MB of it free`],
    ['WAL', `${(file.walBytes / 1e6).toFixed(1)} MB, journal mode ${file.journalMode}`],
    ['machines', String(file.machines)],
  ];
  if (metrics === undefined)
    facts.push([
      'locks',
      'not known; --metrics reads them from the running application, and so do the files that the driver keeps with metricsFile: true',
    ]);
  else {
    const rate =
      metrics.commitsPerSecond === undefined ? '' : `, ${metrics.commitsPerSecond.toFixed(1)} commits/s`;
    facts.push([
      'locks',
      `${metrics.lockFailures} of ${metrics.lockAttempts} failed, ${metrics.lockRetries} had to wait${rate}`,
    ]);
    if (metrics.processes !== undefined) facts.push(['processes', `${metrics.processes} have it open`]);
    if (metrics.writtenAt !== undefined) facts.push(['counted', `until ${metrics.writtenAt}`]);
    facts.push([
      'writers',
      `${metrics.writers} at once, waiting ${metrics.averageWaitMs.toFixed(1)} ms on average`,
    ]);
  }
  const next = verdict === 'move' ? 'Next: sluice audit\n' : '';
  return `${textTable(facts)}${verdict}\n${reasons.map((reason) => `  ${reason.verdict}: ${reason.message}\n`).join('')}${next}`;
}
