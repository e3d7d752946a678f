import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { codegenCommand } from './codegen/codegen-command.js';
import type { CommandOutput } from './command-output.js';
import { completionCommand } from './completion/completion-command.js';
import { describeFailure } from './describe-failure.js';
import { doctorCommand } from './doctor/doctor-command.js';
import { EXIT_CODES, type ExitCode } from './exit-codes.js';
import { exportCommand } from './rows/export-command.js';
import { importCommand } from './rows/import-command.js';
import { auditCommand } from './transfer/audit-command.js';
import { transferCommand } from './transfer/transfer-command.js';
import { verifyCommand } from './transfer/verify-command.js';

/** Runs `sluice` with these arguments and resolves to its exit status. Never rejects and never ends the process. */
export async function runCommandLine(args: readonly string[], output: CommandOutput): Promise<ExitCode> {
  let exitCode: ExitCode = EXIT_CODES.ok;
  const program = createProgram(output, (code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync([...args], { from: 'user' });
    return exitCode;
  } catch (error) {
    // Commander has printed its own errors, and throws for --help and --version too.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT_CODES.ok : EXIT_CODES.failed;
    output.err(`error: ${describeFailure(error)}\n`);
    return EXIT_CODES.failed;
  }
}

function createProgram(output: CommandOutput, finish: (code: ExitCode) => void): Command {
  const program = new Command('sluice')
    .description('The command of Sluice, the storage that starts on SQLite and moves to PostgreSQL.')
    .version(ownVersion())
    .showHelpAfterError('Add --help for what it takes.')
    .configureOutput({ writeOut: output.out, writeErr: output.err })
    .exitOverride();
  const commands = [
    codegenCommand,
    auditCommand,
    transferCommand,
    verifyCommand,
    doctorCommand,
    importCommand,
    exportCommand,
  ];
  for (const create of commands) program.addCommand(create(output, finish).copyInheritedSettings(program));
  program.addCommand(completionCommand(program, output).copyInheritedSettings(program));
  return program;
}

function ownVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  const { version } = manifest as { readonly version: string };
  return version;
}
