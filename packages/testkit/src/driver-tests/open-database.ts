import type {
  Access,
  Database,
  DatabaseTransaction,
  Driver,
  ExecuteOptions,
  OnWarning,
  Row,
  StatementResult,
} from '@sluice/core';
import { afterEach } from 'vitest';

/** A database that is opened for one test, with shorter methods than those of the driver. */
export interface OpenedDatabase {
  readonly url: string;
  readonly database: Database;
  /** Runs one statement and returns its rows. */
  rows(sql: string, parameters?: readonly unknown[], options?: RunOptions): Promise<Row[]>;
  run(sql: string, parameters?: readonly unknown[], options?: RunOptions): Promise<StatementResult>;
}

/** Options of one statement. The default of `access` is `unknown`. */
export type RunOptions = ExecuteOptions & { readonly access?: Access };

const opened: Database[] = [];
closeAfterEach();

/** Opens the database at `url` directly with `driver`, without core, and closes it after the test. */
export async function openDatabase(
  driver: Driver,
  url: string,
  onWarning?: OnWarning,
): Promise<OpenedDatabase> {
  const database = await driver.open(url, onWarning);
  opened.push(database);
  const run = (
    sql: string,
    parameters: readonly unknown[] = [],
    options: RunOptions = {},
  ): Promise<StatementResult> =>
    database.execute({ sql, parameters, access: options.access ?? 'unknown' }, options);
  return { url, database, run, rows: async (...call) => (await run(...call)).rows };
}

/** Runs one statement in a transaction. */
export function runIn(
  transaction: DatabaseTransaction,
  sql: string,
  parameters: readonly unknown[] = [],
  options: ExecuteOptions = {},
): Promise<StatementResult> {
  return transaction.execute({ sql, parameters, access: 'unknown' }, options);
}

/** Waits until `condition` is true. The timeout of the test is the only limit. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 5));
}

/** Registers the hook while the test file is loaded, because Vitest accepts no hooks inside hooks and tests. */
function closeAfterEach(): void {
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((database) => database.close()));
  });
}
