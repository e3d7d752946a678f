import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import type { CommandOutput } from './command/command-output.js';
import { describeFailure } from './command/describe-failure.js';
import { EXIT_CODES, type ExitCode } from './command/exit-codes.js';
import { completionCommand } from './completion/completion-command.js';

/** Runs `sluice` with these arguments and resolves to its exit status. It never rejects and never ends the process. */
export async function runCommandLine(args: readonly string[], output: CommandOutput): Promise<ExitCode> {
  let exitCode: ExitCode = EXIT_CODES.ok;
  try {
    const program = await createProgram(args[0], output, (code) => {
      exitCode = code;
    });
    await program.parseAsync([...args], { from: 'user' });
    return exitCode;
  } catch (error) {
    // Commander has already printed its error. It also throws for --help and --version.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT_CODES.ok : EXIT_CODES.failed;
    output.err(`error: ${describeFailure(error)}\n`);
    return EXIT_CODES.failed;
  }
}

type CreateCommand = (output: CommandOutput, finish: (code: ExitCode) => void) => Command;

/** A command is loaded when it is called, or when all commands are listed, because each loads libraries of its own. */
const COMMANDS: Readonly<Record<string, () => Promise<CreateCommand>>> = {
  codegen: async () => {
    // kysely-codegen requires it from CommonJS, which Node before 22.17 refuses while it is being loaded.
    await import('kysely');
    return (await import('./codegen/codegen-command.js')).codegenCommand;
  },
  migrate: async () => (await import('./migrate/migrate-command.js')).migrateCommand,
  audit: async () => (await import('./transfer/audit-command.js')).auditCommand,
  transfer: async () => (await import('./transfer/transfer-command.js')).transferCommand,
  verify: async () => (await import('./transfer/verify-command.js')).verifyCommand,
  doctor: async () => (await import('./doctor/doctor-command.js')).doctorCommand,
  import: async () => (await import('./rows/import-command.js')).importCommand,
  export: async () => (await import('./rows/export-command.js')).exportCommand,
};

async function createProgram(
  called: string | undefined,
  output: CommandOutput,
  finish: (code: ExitCode) => void,
): Promise<Command> {
  const program = new Command('sluice')
    .description('The command of Sluice, the storage that starts on SQLite and moves to PostgreSQL.')
    .version(ownVersion())
    .showHelpAfterError('Use --help for the arguments and options.')
    .configureOutput({ writeOut: output.out, writeErr: output.err })
    .exitOverride();
  const isKnown = called !== undefined && Object.hasOwn(COMMANDS, called);
  for (const name of isKnown ? [called] : Object.keys(COMMANDS)) {
    const create = await COMMANDS[name]?.();
    if (create !== undefined) program.addCommand(create(output, finish).copyInheritedSettings(program));
  }
  program.addCommand(completionCommand(program, output).copyInheritedSettings(program));
  return program;
}

function ownVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  const { version } = manifest as { readonly version: string };
  return version;
}
