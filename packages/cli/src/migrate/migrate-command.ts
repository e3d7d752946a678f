import {
  AbortedError,
  type MigrateOptions,
  type MigrationStatus,
  openStorage,
  type Storage,
} from '@sluice/core';
import { locate } from '@sluice/transfer/copy';
import { Argument, Command } from 'commander';
import { CommandError } from '../command/command-error.js';
import type { CommandOutput } from '../command/command-output.js';
import { DATABASE_HELP, databaseArgument } from '../command/database-argument.js';
import { drivers } from '../command/drivers.js';
import { EXIT_CODES, type ExitCode } from '../command/exit-codes.js';
import { collect, migrationsFolders } from '../command/migrations-folder.js';
import { textTable } from '../terminal/text-table.js';

const ACTIONS = ['up', 'down', 'to', 'status', 'dry-run'] as const;
type Action = (typeof ACTIONS)[number];

interface MigrateCommandOptions {
  readonly url: string;
  readonly migrations?: readonly string[];
  readonly all?: boolean;
  readonly timeout?: string;
  readonly lockTimeout?: string;
  readonly statementTimeout?: string;
}

const EXAMPLES = `
Examples:
  sluice migrate up --url sqlite:./app.db
  sluice migrate up --url env:DATABASE_URL --migrations ./migrations --lock-timeout 500 --statement-timeout 60000
      a statement waits half a second for a lock, then the migration is undone and made again, until --timeout
  sluice migrate down
      undoes the last one; --all undoes all
  sluice migrate to 0003-media-by-size
      applies or undoes until this one is the last applied
  sluice migrate status
  sluice migrate dry-run
      executes what is pending, prints its statements, and rolls it back
${DATABASE_HELP}

Exit status: 0 done, 1 pending migrations (status), 2 failed, 3 stopped by Ctrl-C.`;

/** The command `sluice migrate`. */
export function migrateCommand(output: CommandOutput, finish: (code: ExitCode) => void): Command {
  return new Command('migrate')
    .description('Apply and undo migrations, each once and as a whole, whatever the database.')
    .addArgument(new Argument('<action>', 'what to do').choices(ACTIONS))
    .argument('[name]', 'for `to`: the migration that is to be the last applied')
    .option('--url <url>', 'the database; default: the environment variable DATABASE_URL', 'env:DATABASE_URL')
    .option(
      '--migrations <folder>',
      'a folder of migrations; may be given several times; default: ./migrations',
      collect,
    )
    .option('--all', 'for `down`: undo all')
    .option('--timeout <ms>', 'the longest time of the whole command; default: one hour')
    .option(
      '--lock-timeout <ms>',
      'how long a statement waits for a lock; 0: as long as the server allows; default: 2000',
    )
    .option(
      '--statement-timeout <ms>',
      'the longest time of a statement, after which its migration fails; default: none',
    )
    .addHelpText('after', EXAMPLES)
    .action(async (action: Action, name: string | undefined, options: MigrateCommandOptions) =>
      finish(await runMigrate(action, name, options, output)),
    );
}

async function runMigrate(
  action: Action,
  name: string | undefined,
  options: MigrateCommandOptions,
  output: CommandOutput,
): Promise<ExitCode> {
  assertArguments(action, name, options);
  const limits = readLimits(options);
  const place = locate(databaseArgument(options.url, output));
  const url = place.kind === 'sqlite' ? `sqlite:${place.path}` : place.url;
  const migrations = await migrationsFolders(options.migrations ?? ['./migrations']);
  const stop = new AbortController();
  const abort = (): void => stop.abort();
  process.once('SIGINT', abort).once('SIGTERM', abort);
  try {
    await using storage = await openStorage({ url, drivers: drivers(), migrations });
    report(storage, output);
    return await act(storage, action, name, { ...limits, signal: stop.signal }, options, output);
  } catch (error) {
    if (!stop.signal.aborted || !(error instanceof AbortedError)) throw error;
    output.err(`stopped: ${error.message}\n`);
    return EXIT_CODES.stopped;
  } finally {
    process.off('SIGINT', abort).off('SIGTERM', abort);
  }
}

function assertArguments(
  action: Action,
  name: string | undefined,
  { all, lockTimeout, statementTimeout }: MigrateCommandOptions,
): void {
  if ((action === 'to') !== (name !== undefined))
    throw new CommandError(
      action === 'to' ? 'Say to which migration: sluice migrate to NAME.' : 'Only `to` takes a name.',
    );
  if (all === true && action !== 'down') throw new CommandError('--all is for `down`.');
  if (action === 'status' && (lockTimeout !== undefined || statementTimeout !== undefined))
    throw new CommandError('`status` runs no migration, so it takes no limits of one.');
}

function readLimits({ timeout, lockTimeout, statementTimeout }: MigrateCommandOptions): MigrateOptions {
  const timeoutMs = milliseconds('--timeout', timeout, 1);
  return {
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    lockTimeoutMs: milliseconds('--lock-timeout', lockTimeout, 0),
    statementTimeoutMs: milliseconds('--statement-timeout', statementTimeout, 1),
  };
}

function milliseconds(flag: string, text: string | undefined, least: number): number | undefined {
  if (text === undefined) return undefined;
  const ms = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isSafeInteger(ms) && ms >= least) return ms;
  throw new CommandError(`${flag} takes a whole number of milliseconds from ${least}.`);
}

/** Tells of each step when it is committed, so that what a failure leaves is known. */
function report(storage: Storage<unknown>, { err }: CommandOutput): void {
  storage.on('migration', ({ name, direction }) =>
    err(`${direction === 'up' ? 'applied' : 'undid'} migration ${name}\n`),
  );
  storage.on('backup', ({ path }) => err(`backup ${path}\n`));
  storage.on('replay', ({ reason, delayMs }) =>
    err(`undone for now (${reason}); made again in ${Math.ceil(delayMs)} ms\n`),
  );
}

async function act(
  { migrator }: Storage<unknown>,
  action: Action,
  name: string | undefined,
  limits: MigrateOptions,
  { all }: MigrateCommandOptions,
  output: CommandOutput,
): Promise<ExitCode> {
  if (action === 'status') {
    const { signal, timeoutMs } = limits;
    return printStatus(await migrator.status({ signal, timeoutMs }), output);
  }
  if (action === 'dry-run') {
    for (const plan of await migrator.dryRun(limits))
      output.out(`-- ${plan.name}\n${plan.sql.map((sql) => `${sql};\n`).join('')}`);
    return EXIT_CODES.ok;
  }
  const steps =
    action === 'up'
      ? await migrator.up(limits)
      : action === 'down' && all !== true
        ? await migrator.down(limits)
        : await migrator.to(name ?? null, limits);
  output.out(`${steps.length} ${steps.length === 1 ? 'migration' : 'migrations'}\n`);
  return EXIT_CODES.ok;
}

function printStatus(statuses: readonly MigrationStatus[], output: CommandOutput): ExitCode {
  output.out(textTable(statuses.map(({ name, appliedAt }) => [name, appliedAt?.toISOString() ?? 'pending'])));
  return statuses.some(({ appliedAt }) => appliedAt === undefined) ? EXIT_CODES.found : EXIT_CODES.ok;
}
