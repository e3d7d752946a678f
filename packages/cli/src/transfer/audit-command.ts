import { type AuditReport, auditFile, isClear, locate, parsePolicies } from '@sluice/transfer';
import { Command } from 'commander';
import { CommandError } from '../command/command-error.js';
import type { CommandOutput } from '../command/command-output.js';
import { databaseArgument } from '../command/database-argument.js';
import { EXIT_CODES, type ExitCode } from '../command/exit-codes.js';
import { ProgressDisplay } from '../terminal/progress-display.js';
import { count, textTable } from '../terminal/text-table.js';
import { printFindings } from './print-findings.js';

interface AuditOptions {
  readonly json?: boolean;
  readonly integrity: boolean;
  readonly exclude: readonly string[];
  readonly on: readonly string[];
  readonly types?: boolean;
}

const EXAMPLES = `
Examples:
  sluice audit app.db
      every value and object that cannot be moved to PostgreSQL unchanged
  sluice audit app.db --json | jq '.findings[] | select(.severity == "problem")'
  sluice audit app.db --on nul-in-text=convert:strip-nul --on wrong-class@users.age=quarantine
      what would be left with these policies

The file is only read, in one snapshot, while the application runs.
Exit status: 0 nothing stands against a transfer, 1 problems were found, 2 the file cannot be read.`;

/** The command `sluice audit`. */
export function auditCommand(output: CommandOutput, finish: (code: ExitCode) => void): Command {
  return new Command('audit')
    .description('List what of a SQLite file cannot be moved to PostgreSQL unchanged.')
    .argument('<source>', 'the file: a path or sqlite:PATH')
    .option('--json', 'print the report, with the plan of a transfer, as JSON')
    .option('--types', 'print the type that each column would get, and why')
    .option('--on <policy...>', 'KIND[@TABLE[.COLUMN]]=fail|quarantine|convert:RULE', [])
    .option('--exclude <table...>', 'tables to leave out', [])
    .option('--no-integrity', 'do not check indexes against their tables')
    .addHelpText('after', EXAMPLES)
    .action(async (source: string, options: AuditOptions) => finish(await runAudit(source, options, output)));
}

async function runAudit(source: string, options: AuditOptions, output: CommandOutput): Promise<ExitCode> {
  const located = locate(databaseArgument(source, output));
  if (located.kind !== 'sqlite') throw new CommandError('An audit is of a SQLite file.');
  const display = await ProgressDisplay.open(output);
  const audited = await auditFile(located.path, {
    policies: parsePolicies(options.on),
    exclude: options.exclude,
    integrity: options.integrity,
    onProgress: ({ table, rows }) => display.update({ phase: 'audit', table, rows, totalRows: undefined }),
  }).finally(() => display.stop());
  output.out(options.json === true ? `${JSON.stringify(audited, undefined, 2)}\n` : print(audited, options));
  return isClear(audited) ? EXIT_CODES.ok : EXIT_CODES.found;
}

function print(audited: AuditReport, { types }: AuditOptions): string {
  const { tables, findings } = audited;
  const rows = tables.reduce((sum, table) => sum + table.rows, 0);
  const problems = findings.filter(
    ({ severity, settledBy }) => severity === 'problem' && settledBy === undefined,
  ).length;
  const sum = `${count(tables.length)} tables, ${count(rows)} rows: ${problems === 0 ? 'nothing stands against a transfer' : `${count(problems)} problems`}\n`;
  return `${types === true ? printTypes(audited) : ''}${printFindings(findings)}${sum}`;
}

function printTypes({ plan }: AuditReport): string {
  const rows = plan.tables.flatMap(({ source, columns }) =>
    columns.map(({ source: column, type, form, why }) => [
      `${source}.${column}`,
      form === 'plain' ? type : `${type} (${form})`,
      why,
    ]),
  );
  return textTable(rows);
}
