import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Command } from 'commander';
import { CommandError } from '../command/command-error.js';
import type { CommandOutput } from '../command/command-output.js';
import { DATABASE_HELP } from '../command/database-argument.js';
import { existingDatabase } from '../command/existing-database.js';
import { EXIT_CODES, type ExitCode } from '../command/exit-codes.js';
import { collect } from '../command/migrations-folder.js';
import { type GeneratedTypes, generateTypes } from './generate-types.js';
import { readCatalog } from './read-catalog.js';
import { describeDifference } from './type-difference.js';

interface CodegenOptions {
  readonly url?: string;
  readonly migrations?: readonly string[];
  readonly out: string;
  readonly camelCase?: boolean;
  readonly schema?: readonly string[];
  readonly verify?: boolean;
}

const EXAMPLES = `${DATABASE_HELP}

Examples:
  sluice codegen --url sqlite:./app.db --out src/db.ts
      writes the types of the database as it is
  sluice codegen --migrations ./migrations --out src/db.ts --camel-case
      writes the types of the migrations, applied to a temporary SQLite file
  sluice codegen --url postgres://app@localhost/app --migrations ./migrations --out src/db.ts
      applies pending migrations to that database first
  sluice codegen --url postgres://app@localhost/app --schema billing audit --out src/db.ts
      writes the tables of these schemas too, as "billing.invoice"; those of the search path keep their names
  sluice codegen --migrations ./migrations --out src/db.ts --camel-case --verify
      writes nothing; exit status 1 when src/db.ts is not what would be written

Exit status: 0 done or up to date, 1 out of date (--verify), 2 anything else.`;

/** The command `sluice codegen`. */
export function codegenCommand(output: CommandOutput, finish: (code: ExitCode) => void): Command {
  return new Command('codegen')
    .description('Write the TypeScript types of a database: the same file from SQLite and PostgreSQL.')
    .option('--url <url>', 'the database to read: sqlite:PATH or postgres://…')
    .option(
      '--migrations <folder>',
      'migrations to apply: to --url, or else to a temporary SQLite file; may be given several times',
      collect,
    )
    .requiredOption('--out <file>', 'the file to write')
    .option('--camel-case', 'name uploaded_at uploadedAt, as `camelCase: true` of openStorage does')
    .option('--schema <name...>', 'schemas of PostgreSQL to read beside those of the search path')
    .option('--verify', 'write nothing, and fail when the file is not up to date')
    .addHelpText('after', EXAMPLES)
    .action(async (options: CodegenOptions) => finish(await runCodegen(options, output)));
}

async function runCodegen(options: CodegenOptions, output: CommandOutput): Promise<ExitCode> {
  assertSource(options);
  const { url, migrations } = options;
  // Migrations may create the database.
  const source = url === undefined || migrations !== undefined ? url : await existingDatabase(url, output);
  const catalog = await readCatalog({
    ...options,
    ...(source === undefined ? {} : { url: source }),
    onMigration: (name) => output.err(`applied migration ${name}\n`),
  });
  const types = generateTypes(catalog, { camelCase: options.camelCase });
  for (const column of types.unknownColumns) output.err(`warning: ${column}\n`);
  return options.verify === true ? verify(options.out, types, output) : write(options.out, types, output);
}

function assertSource({ url, migrations, verify }: CodegenOptions): void {
  if (url === undefined && migrations === undefined) {
    throw new CommandError(
      'Say what the types are of: --url for a database, or --migrations for a folder of them.',
    );
  }
  if (url !== undefined && migrations !== undefined && verify === true) {
    throw new CommandError(
      '--verify changes nothing, so it takes --url or --migrations: together they would migrate the database.',
    );
  }
}

async function write(
  file: string,
  { text, tables }: GeneratedTypes,
  output: CommandOutput,
): Promise<ExitCode> {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
  output.out(`${file}: types of ${tables} ${tables === 1 ? 'table' : 'tables'}\n`);
  return EXIT_CODES.ok;
}

async function verify(file: string, { text }: GeneratedTypes, output: CommandOutput): Promise<ExitCode> {
  const existing = await readIfThere(file);
  if (existing === text) {
    output.out(`${file} is up to date\n`);
    return EXIT_CODES.ok;
  }
  const reason = existing === undefined ? 'is not there' : 'is out of date';
  output.err(`${file} ${reason}. Run the same command without --verify to write it.\n`);
  if (existing !== undefined) output.err(describeDifference(existing, text));
  return EXIT_CODES.found;
}

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
