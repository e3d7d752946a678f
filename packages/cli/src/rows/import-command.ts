import { createWriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import {
  type Catalog,
  type CatalogTable,
  openStorage,
  SluiceError,
  type StorageTransaction,
} from '@sluice/core';
import { postgres } from '@sluice/postgres-driver';
import { sqlite } from '@sluice/sqlite-driver';
import { Command, Option } from 'commander';
import { readCatalog } from '../codegen/read-catalog.js';
import { CommandError } from '../command/command-error.js';
import type { CommandOutput } from '../command/command-output.js';
import { DATABASE_HELP } from '../command/database-argument.js';
import { existingDatabase } from '../command/existing-database.js';
import { EXIT_CODES, type ExitCode } from '../command/exit-codes.js';
import { ProgressDisplay } from '../terminal/progress-display.js';
import { count } from '../terminal/text-table.js';
import { noTable } from './no-table.js';
import { type FileRow, formatOf, type RowFormat, readRows } from './row-format.js';
import { parseCsvJson, toStored } from './row-values.js';
import { withInputFile } from './standard-streams.js';

interface ImportOptions {
  readonly format?: string;
  readonly map: readonly string[];
  readonly rejects?: string;
}

const EXAMPLES = `${DATABASE_HELP}

Examples:
  sluice import env:DATABASE_URL media media.json
  sluice import sqlite:./app.db media media.csv --map fileName=filename uploaded=uploaded_at
  sluice import sqlite:./app.db media media.ndjson --rejects rejected.ndjson
      rows that do not fit go there, each with its reason; the others are imported

The file is only read. All rows are written in one transaction, by the rules of a repository: without --rejects, one row that does not fit
ends it with nothing written. Times need a zone; bytes are base64.
Exit status: 0 imported, 1 rows were rejected, 2 nothing was written.`;

/** The number of rows that one statement inserts. */
const BATCH = 500;

/** One day, because a large file takes a long time. */
const TIMEOUT_MS = 86_400_000;

/** The command `sluice import`. */
export function importCommand(output: CommandOutput, finish: (code: ExitCode) => void): Command {
  return new Command('import')
    .description('Read JSON, NDJSON or CSV into a table.')
    .argument('<database>', 'where the table is')
    .argument('<table>', 'its name')
    .argument('<file>', 'the file; - for standard input')
    .addOption(
      new Option('--format <format>', 'default: by the name of the file').choices(['json', 'ndjson', 'csv']),
    )
    .option(
      '--map <field=column...>',
      'names of the file and of the table; a field mapped to nothing is left out',
      [],
    )
    .option('--rejects <file>', 'the file for rejected rows')
    .addHelpText('after', EXAMPLES)
    .action(async (database: string, table: string, file: string, options: ImportOptions) =>
      finish(await runImport(await existingDatabase(database, output), table, file, options, output)),
    );
}

interface Import {
  readonly table: CatalogTable;
  readonly file: string;
  readonly format: RowFormat;
  readonly names: ReadonlyMap<string, string>;
  readonly display: ProgressDisplay;
}

interface Rejected {
  readonly position: number;
  readonly reason: string;
  readonly values: unknown;
}

async function runImport(
  url: string,
  name: string,
  file: string,
  options: ImportOptions,
  output: CommandOutput,
): Promise<ExitCode> {
  const format = formatOf(file, options.format);
  const table = findTable(await readCatalog({ url, onMigration: () => {} }), name);
  const display = await ProgressDisplay.open(output);
  const job: Import = { table, file, format, names: parseNames(options.map), display };
  const storage = await openStorage<Record<string, Record<string, unknown>>>({
    url,
    drivers: [sqlite(), postgres()],
  });
  try {
    const { rows, rejected } = await withInputFile(file, (path) =>
      storage.write((tx) => importAll(tx, { ...job, file: path }, options.rejects !== undefined), {
        timeoutMs: TIMEOUT_MS,
        label: 'sluice import',
      }),
    );
    if (options.rejects !== undefined && rejected.length > 0) await writeRejects(options.rejects, rejected);
    output.out(
      `${count(rows)} rows imported into ${name}${rejected.length > 0 ? `, ${count(rejected.length)} rejected into ${options.rejects}` : ''}\n`,
    );
    return rejected.length > 0 ? EXIT_CODES.found : EXIT_CODES.ok;
  } finally {
    display.stop();
    await storage.close();
  }
}

function findTable(catalog: Catalog, name: string): CatalogTable {
  const table = catalog.get(name);
  if (table !== undefined && !table.isView) return table;
  throw noTable(name, catalog);
}

function parseNames(map: readonly string[]): Map<string, string> {
  return new Map(
    map.map((text) => {
      const split = text.indexOf('=');
      if (split < 1) throw new CommandError(`--map takes FIELD=COLUMN, not ${text}.`);
      return [text.slice(0, split), text.slice(split + 1)];
    }),
  );
}

type Transaction = StorageTransaction<Record<string, Record<string, unknown>>>;

/** Imports all rows. It reads the file from the beginning each time the transaction is replayed. */
async function importAll(
  tx: Transaction,
  job: Import,
  mayReject: boolean,
): Promise<{ rows: number; rejected: readonly Rejected[] }> {
  const rejected: Rejected[] = [];
  let rows = 0;
  let batch: FileRow[] = [];
  const flush = async (): Promise<void> => {
    rows += await importBatch(tx, job, batch, mayReject ? rejected : undefined);
    job.display.update({ phase: 'import', table: job.table.name, rows: batch.length, totalRows: undefined });
    batch = [];
  };
  for await (const row of readRows(job.file, job.format)) {
    batch.push(row);
    if (batch.length >= BATCH) await flush();
  }
  if (batch.length > 0) await flush();
  return { rows, rejected };
}

/** Inserts a batch. If the batch is refused, each row is inserted alone, to find the rejected row or to skip it. */
async function importBatch(
  tx: Transaction,
  job: Import,
  batch: readonly FileRow[],
  rejected: Rejected[] | undefined,
): Promise<number> {
  const insert = (rows: readonly FileRow[]): Promise<void> =>
    tx.savepoint(async (inner) => {
      const columns = [...job.table.primaryKey, ...job.table.columns.keys()];
      const repository = inner.repository(job.table.name, { key: columns[0] ?? '' });
      await repository.insertMany(rows.map((row) => toRow(job, row)));
    });
  try {
    await insert(batch);
    return batch.length;
  } catch (error) {
    if (!isRefusal(error)) throw error;
  }
  let rows = 0;
  for (const row of batch) {
    try {
      await insert([row]);
      rows += 1;
    } catch (error) {
      if (!isRefusal(error)) throw error;
      if (rejected === undefined)
        throw new CommandError(`Row ${row.position} of ${job.file}: ${error.message} Nothing was written.`);
      rejected.push({ position: row.position, reason: error.message, values: row.values });
    }
  }
  return rows;
}

/** Returns whether the row caused the error, and not the database. */
function isRefusal(error: unknown): error is Error {
  if (error instanceof CommandError || error instanceof SyntaxError) return true;
  return (
    error instanceof SluiceError &&
    /violation$|^invalid_value$|^unknown_column$|^invalid_query$/.test(error.code)
  );
}

function toRow({ table, names, format }: Import, { values }: FileRow): Record<string, unknown> {
  const row: Record<string, unknown> = {};
  for (const [field, value] of Object.entries(values)) {
    const name = names.get(field) ?? field;
    if (name === '') continue;
    const column = table.columns.get(name);
    if (column === undefined)
      throw new CommandError(
        `The table has no column for the field "${field}"; --map gives it one, or none.`,
      );
    row[name] = toStored(column, value, format === 'csv');
  }
  return format === 'csv' ? parseCsvJson(table, row) : row;
}

async function writeRejects(path: string, rejected: readonly Rejected[]): Promise<void> {
  const stream = createWriteStream(path);
  for (const row of rejected) stream.write(`${JSON.stringify(row)}\n`);
  stream.end();
  await finished(stream);
}
