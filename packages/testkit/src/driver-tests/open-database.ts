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

/** A database opened for one test, with shorter calls than the driver's. */
export interface OpenedDatabase {
  readonly url: string;
  readonly database: Database;
  /** Runs one statement and gives its rows. */
  rows(sql: string, parameters?: readonly unknown[], options?: RunOptions): Promise<Row[]>;
  run(sql: string, parameters?: readonly unknown[], options?: RunOptions): Promise<StatementResult>;
}

/** Options of one statement. `access` is `unknown` unless it is given. */
export type RunOptions = ExecuteOptions & { readonly access?: Access };

const opened: Database[] = [];
closeAfterEach();

/** Opens the database at `url` with `driver`, below core, and closes it after the test. */
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

/** Waits until `condition` holds, at most as long as the test may take. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 5));
}

/** Registered while the test file is being read: Vitest takes no hooks from inside hooks and tests. */
function closeAfterEach(): void {
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((database) => database.close()));
  });
}
