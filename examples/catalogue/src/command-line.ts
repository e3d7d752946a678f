import { mkdirSync, realpathSync } from 'node:fs';
import { access, constants, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

/** The parsed command line. */
export interface CatalogueOptions {
  /** The folder to catalogue, as an absolute path without symbolic links. */
  readonly folder: string;
  readonly url: string;
  readonly callers: number;
  readonly json: boolean;
}

/** The command line is invalid. The message says what to do. */
export class CommandLineError extends Error {}

export const HELP = `Catalogues a folder while callers read, page, search and update the same tables.

Usage: npm start -- [folder] [--callers 32] [--json]

  folder       what to catalogue; default: the node_modules of this workspace
  --callers N  how many callers work meanwhile; default 32
  --json       print the figures as one JSON object

Environment:
  DATABASE_URL  sqlite:PATH or postgres://USER:PASSWORD@HOST/DATABASE; default: a SQLite file in examples/catalogue/.sluice
`;

const EXAMPLE_FOLDER = fileURLToPath(new URL('../..', import.meta.url));

/** Parses the command line. Returns `undefined` if only help was requested. @throws CommandLineError. */
export async function readCommandLine(
  args: readonly string[],
  environment: NodeJS.ProcessEnv,
): Promise<CatalogueOptions | undefined> {
  const { values, positionals } = parse(args);
  if (values.help === true) return undefined;
  if (positionals.length > 1) throw new CommandLineError('Give one folder, or none.');
  const folder = await readableFolder(positionals[0] ?? join(EXAMPLE_FOLDER, '../../node_modules'));
  return {
    folder,
    url: environment.DATABASE_URL || defaultUrl(),
    callers: wholeNumber(values.callers),
    json: values.json,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        callers: { type: 'string', default: '32' },
        help: { type: 'boolean', short: 'h' },
        json: { type: 'boolean', default: false },
      },
    });
  } catch (error) {
    throw new CommandLineError(error instanceof Error ? error.message : String(error));
  }
}

function wholeNumber(text: string): number {
  if (/^\d{1,4}$/.test(text)) return Number(text);
  throw new CommandLineError(`--callers takes a whole number, not "${text}".`);
}

async function readableFolder(path: string): Promise<string> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) throw new CommandLineError(`There is no folder ${resolve(path)}.`);
  if (!found.isDirectory()) throw new CommandLineError(`${resolve(path)} is not a folder.`);
  try {
    await access(path, constants.R_OK | constants.X_OK);
  } catch {
    throw new CommandLineError(`The folder ${resolve(path)} cannot be read: check its permissions.`);
  }
  return realpathSync(path);
}

function defaultUrl(): string {
  const folder = join(EXAMPLE_FOLDER, '.sluice');
  mkdirSync(folder, { recursive: true });
  return `sqlite:${join(folder, 'catalogue.db')}`;
}
