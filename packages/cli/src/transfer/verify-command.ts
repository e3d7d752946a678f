import { verify } from '@sluice/transfer';
import { Command } from 'commander';
import type { CommandOutput } from '../command/command-output.js';
import { DATABASE_HELP, databaseArgument } from '../command/database-argument.js';
import { EXIT_CODES, type ExitCode } from '../command/exit-codes.js';
import { ProgressDisplay } from '../terminal/progress-display.js';
import { printVerified } from './print-findings.js';

interface VerifyCommandOptions {
  readonly json?: boolean;
  readonly exclude: readonly string[];
  readonly targetSchema?: string;
}

const EXAMPLES = `${DATABASE_HELP}

Examples:
  sluice verify app.db env:DATABASE_URL
  sluice verify app.db copy-of-app.db
  sluice verify env:OLD_URL env:NEW_URL --json

Every row is compared, by a hash of its typed values; of rows that differ, both versions are printed.
Exit status: 0 equal, 1 different, 2 failed.`;

/** The command `sluice verify`. */
export function verifyCommand(output: CommandOutput, finish: (code: ExitCode) => void): Command {
  return new Command('verify')
    .description('Compare two databases row by row, of either engine.')
    .argument('<source>', 'one database')
    .argument('<target>', 'the other')
    .option('--target-schema <name>', 'the schema of PostgreSQL that has the tables')
    .option('--exclude <table...>', 'tables to leave out', [])
    .option('--json', 'print the report as JSON')
    .addHelpText('after', EXAMPLES)
    .action(async (source: string, target: string, options: VerifyCommandOptions) =>
      finish(await runVerify(source, target, options, output)),
    );
}

async function runVerify(
  source: string,
  target: string,
  options: VerifyCommandOptions,
  output: CommandOutput,
): Promise<ExitCode> {
  const display = await ProgressDisplay.open(output);
  const report = await verify({
    source: databaseArgument(source, output),
    target: databaseArgument(target, output),
    targetSchema: options.targetSchema,
    exclude: options.exclude,
    onProgress: ({ table, rows }) => display.update({ phase: 'verify', table, rows, totalRows: undefined }),
  }).finally(() => display.stop());
  if (options.json === true) output.out(`${JSON.stringify(report, undefined, 2)}\n`);
  else {
    output.out(printVerified(report.tables));
    for (const { table, side } of report.missing) output.out(`missing  ${table} is not in the ${side}\n`);
  }
  return report.isEqual ? EXIT_CODES.ok : EXIT_CODES.found;
}
