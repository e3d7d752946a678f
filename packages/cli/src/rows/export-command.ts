import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
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
import { DATABASE_HELP, databaseArgument } from '../command/database-argument.js';
import { EXIT_CODES, type ExitCode } from '../command/exit-codes.js';
import { count } from '../terminal/text-table.js';
import { formatOf, type RowFormat } from './row-format.js';
import { toCsv, toJson } from './row-values.js';

const EXAMPLES = `${DATABASE_HELP}

Examples:
  sluice export sqlite:./app.db media media.csv
  sluice export env:DATABASE_URL media media.ndjson

All rows are of one snapshot, and sluice import reads them again: times are UTC, bytes base64, bigints beyond 2^53 text. In CSV, NULL and
empty text are both empty. The file gets its name when it is complete.
Exit status: 0 exported, 2 failed.`;

/** The command `sluice export`. */
export function exportCommand(output: CommandOutput, finish: (code: ExitCode) => void): Command {
  return new Command('export')
    .description('Write a table as JSON, NDJSON or CSV.')
    .argument('<database>', 'where the table is')
    .argument('<table>', 'its name')
    .argument('<file>', 'the file to write')
    .addOption(
      new Option('--format <format>', 'default: by the name of the file').choices(['json', 'ndjson', 'csv']),
    )
    .addHelpText('after', EXAMPLES)
    .action(
      async (database: string, table: string, file: string, { format }: { readonly format?: string }) => {
        const rows = await runExport(databaseArgument(database, output), table, file, formatOf(file, format));
        output.out(`${count(rows)} rows of ${table} exported into ${file}\n`);
        finish(EXIT_CODES.ok);
      },
    );
}

async function runExport(url: string, name: string, file: string, format: RowFormat): Promise<number> {
  const catalog = await readCatalog({ url, onMigration: () => {} });
  const table = catalog.get(name);
  if (table === undefined)
    throw new CommandError(`There is no table ${name}. There are: ${[...catalog.keys()].join(', ')}.`);
  const columns = [...table.columns.keys()];
  const storage = await openStorage<Record<string, Record<string, unknown>>>({
    url,
    drivers: [sqlite(), postgres()],
  });
  const partial = `${file}.partial`;
  try {
    const repository = storage.repository(name, { key: columns[0] ?? '' });
    const counted = { rows: 0 };
    const text = FORMATS[format](repository.stream(), columns, counted);
    await pipeline(Readable.from(text), createWriteStream(partial));
    await rename(partial, file);
    return counted.rows;
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  } finally {
    await storage.close();
  }
}

type Rows = AsyncIterable<Readonly<Record<string, unknown>>>;
type Format = (rows: Rows, columns: readonly string[], counted: { rows: number }) => AsyncGenerator<string>;

const FORMATS: Readonly<Record<RowFormat, Format>> = {
  csv: async function* (rows, columns, counted) {
    yield stringify([[...columns]]);
    for await (const row of rows) {
      counted.rows += 1;
      yield stringify([columns.map((column) => toCsv(row[column]))]);
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
