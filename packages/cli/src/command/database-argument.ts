import { locate } from '@sluice/transfer/copy';
import { CommandError } from './command-error.js';
import type { CommandOutput } from './command-output.js';

/** Help text about arguments that name a database. */
export const DATABASE_HELP = `
A database is sqlite:PATH, a path, postgres://USER@HOST/DATABASE, or env:NAME for a URL in an environment variable. Keep passwords out of
the command line: PGPASSWORD, PGPASSFILE (~/.pgpass) and env:NAME are for them.`;

/**
 * Reads an argument that names a database. If the URL has a password, this removes it from the process list and prints a warning, because
 * it was visible for a moment and remains in the shell's history.
 */
export function databaseArgument(argument: string, output: CommandOutput): string {
  if (argument.startsWith('env:')) return fromEnvironment(argument.slice('env:'.length));
  if (/^postgres(?:ql)?:\/\/[^/@]*:[^/@]+@/i.test(argument)) {
    process.title = 'sluice';
    output.err(
      'warning: a password on the command line can be read by others; use env:NAME, PGPASSWORD or PGPASSFILE\n',
    );
  }
  locate(argument);
  return argument;
}

function fromEnvironment(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === '')
    throw new CommandError(`The environment variable ${name} is not set.`);
  return value;
}
