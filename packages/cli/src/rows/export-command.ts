import { createWriteStream } from 'node:fs';
import { rename, rm, stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { openStorage } from '@sluice/core';
import { postgres } from '@sluice/postgres-driver';
import { sqlite } from '@sluice/sqlite-driver';
import { Command, Option } from 'commander';
import { stringify } from 'csv-stringify/sync';
import { readCatalog } from '../codegen/read-catalog.js';
import { CommandError } from '../command/command-error.js';
import type { CommandOutput } from '../command/command-output.js';
import { DATABASE_HELP } from '../command/database-argument.js';
import { existingDatabase } from '../command/existing-database.js';
import { EXIT_CODES, type ExitCode } from '../command/exit-codes.js';
import { count } from '../terminal/text-table.js';
import { noTable } from './no-table.js';
import { formatOf, type RowFormat } from './row-format.js';
import { isFormula, toCsv, toJson } from './row-values.js';
import { STANDARD_STREAM } from './standard-streams.js';

const EXAMPLES = `${DATABASE_HELP}

Examples:
  sluice export sqlite:./app.db media media.csv
  sluice export env:DATABASE_URL media media.ndjson

All rows are of one snapshot, and sluice import reads them again: times are UTC, bytes base64, bigints beyond 2^53 text. In CSV, NULL and
empty text are both empty, and --disarm-formulas changes what sluice import would read. The file gets its name when it is complete.
Exit status: 0 exported, 2 failed.`;

/** The command `sluice export`. */
export function exportCommand(output: CommandOutput, finish: (code: ExitCode) => void): Command {
  return new Command('export')
    .description('Write a table as JSON, NDJSON or CSV.')
    .argument('<database>', 'where the table is')
    .argument('<table>', 'its name')
    .argument('<file>', 'the file to write; - for standard output')
    .addOption(
      new Option('--format <format>', 'default: by the name of the file').choices(['json', 'ndjson', 'csv']),
    )
    .option('--disarm-formulas', 'in CSV, put an apostrophe before text that a spreadsheet would run')
    .addHelpText('after', EXAMPLES)
    .action(async (database: string, table: string, file: string, options: ExportOptions) => {
      const url = await existingDatabase(database, output);
      const target = {
        file,
        format: formatOf(file, options.format),
        disarms: options.disarmFormulas === true,
      };
      const { rows, formulas } = await runExport(url, table, target, output);
      const say = file === STANDARD_STREAM ? output.err : output.out;
      say(`${count(rows)} rows of ${table} exported into ${file}\n`);
      if (formulas > 0 && !target.disarms)
        output.err(
          `warning: ${count(formulas)} texts begin as formulas do; --disarm-formulas is for files that a spreadsheet opens\n`,
        );
      finish(EXIT_CODES.ok);
    });
}

interface ExportOptions {
  readonly format?: string;
  readonly disarmFormulas?: boolean;
}

interface ExportTarget {
  readonly file: string;
  readonly format: RowFormat;
  readonly disarms: boolean;
}

/** What was written. */
interface Counted {
  rows: number;
  /** Texts of CSV that a spreadsheet would take for formulas. */
  formulas: number;
}

async function runExport(
  url: string,
  name: string,
  { file, format, disarms }: ExportTarget,
  output: CommandOutput,
): Promise<Counted> {
  const catalog = await readCatalog({ url, onMigration: () => {} });
  const table = catalog.get(name);
  if (table === undefined) throw noTable(name, catalog);
  const columns = [...table.columns.keys()];
  const storage = await openStorage<Record<string, Record<string, unknown>>>({
    url,
    drivers: [sqlite(), postgres()],
  });
  try {
    const repository = storage.repository(name, { key: columns[0] ?? '' });
    const counted: Counted = { rows: 0, formulas: 0 };
    const text = FORMATS[format](repository.stream(), columns, counted, disarms);
    if (file === STANDARD_STREAM) for await (const part of text) output.out(part);
    else await writeWhole(file, text);
    return counted;
  } finally {
    await storage.close();
  }
}

/** Writes a file that gets its name when it is complete. What is at the name meanwhile, such as a link, is removed and never written to. */
async function writeWhole(file: string, text: AsyncIterable<string>): Promise<void> {
  if ((await stat(file).catch(() => undefined))?.isDirectory())
    throw new CommandError(`${file} is a folder. Name a file in it.`);
  const partial = `${file}.partial`;
  await rm(partial, { force: true });
  try {
    await pipeline(Readable.from(text), createWriteStream(partial, { flags: 'wx' }));
    await rename(partial, file);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
}

type Rows = AsyncIterable<Readonly<Record<string, unknown>>>;
type Format = (
  rows: Rows,
  columns: readonly string[],
  counted: Counted,
  disarms: boolean,
) => AsyncGenerator<string>;

const FORMATS: Readonly<Record<RowFormat, Format>> = {
  csv: async function* (rows, columns, counted, disarms) {
    const field = (value: unknown): string => {
      const text = toCsv(value);
      if (!isFormula(text)) return text;
      counted.formulas += 1;
      return disarms ? `'${text}` : text;
    };
    yield stringify([columns.map(field)]);
    for await (const row of rows) {
      counted.rows += 1;
      yield stringify([columns.map((column) => field(row[column]))]);
    }
  },
  json: async function* (rows, columns, counted) {
    yield '[';
    for await (const row of rows) {
      counted.rows += 1;
      yield `${counted.rows === 1 ? '\n' : ',\n'}${jsonRow(row, columns)}`;
    }
    yield '\n]\n';
  },
  ndjson: async function* (rows, columns, counted) {
    for await (const row of rows) {
      counted.rows += 1;
      yield `${jsonRow(row, columns)}\n`;
    }
  },
};

function jsonRow(row: Readonly<Record<string, unknown>>, columns: readonly string[]): string {
  return JSON.stringify(Object.fromEntries(columns.map((column) => [column, toJson(row[column])])));
}
