import type {
  Access,
  Database,
  DatabaseTransaction,
  ExecuteOptions,
  Row,
  StatementResult,
} from '@sluice/core';
import { type PostgresOptions, postgres } from '@sluice/postgres-driver';
import { temporaryPostgresUrl } from '@sluice/testkit';
import { afterEach } from 'vitest';

/** A database opened for one test, with shorter calls than the driver's. */
export interface OpenedDatabase {
  readonly url: string;
  readonly database: Database;
  /** Runs one statement and gives its rows. */
  rows(sql: string, parameters?: readonly unknown[], options?: RunOptions): Promise<Row[]>;
  run(sql: string, parameters?: readonly unknown[], options?: RunOptions): Promise<StatementResult>;
}

export type RunOptions = ExecuteOptions & { readonly access?: Access };

const opened: Database[] = [];

afterEach(async () => {
  await Promise.all(opened.splice(0).map((database) => database.close()));
});

/** Opens a fresh database, or the one at `url`, and closes it after the test. */
export async function openDatabase(
  options: PostgresOptions & { url?: string } = {},
): Promise<OpenedDatabase> {
  const { url = await temporaryPostgresUrl(), ...rest } = options;
  const database = await postgres(rest).open(url);
  opened.push(database);
  const run = (
    sql: string,
    parameters: readonly unknown[] = [],
    settings: RunOptions = {},
  ): Promise<StatementResult> =>
    database.execute({ sql, parameters, access: settings.access ?? 'unknown' }, settings);
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

/** What `promise` rejects with; fails when it resolves. */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => {
      throw new Error('It resolved, and should have been rejected.');
    },
    (error: unknown) => error,
  );
}

/** Waits until `condition` holds. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 5));
}
