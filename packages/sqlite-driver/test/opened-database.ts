import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type {
  Access,
  Database,
  DatabaseTransaction,
  ExecuteOptions,
  OnWarning,
  Row,
  StatementResult,
} from '@sluice/core';
import { type SqliteOptions, sqlite } from '@sluice/sqlite-driver';
import { afterEach } from 'vitest';

/** A database opened for one test, with shorter calls than the driver's. */
export interface OpenedDatabase {
  readonly path: string;
  readonly database: Database;
  /** Runs one statement and gives its rows. */
  rows(sql: string, parameters?: readonly unknown[], options?: RunOptions): Promise<Row[]>;
  run(sql: string, parameters?: readonly unknown[], options?: RunOptions): Promise<StatementResult>;
}

export type RunOptions = ExecuteOptions & { readonly access?: Access };

const opened: Database[] = [];
const folders: string[] = [];

afterEach(async () => {
  await Promise.all(opened.splice(0).map((database) => database.close()));
  await Promise.all(folders.splice(0).map((folder) => rm(folder, { recursive: true, force: true })));
});

/** A folder that is removed after the test. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-test-'));
  folders.push(folder);
  return folder;
}

/** Opens a fresh file, or the one at `path`, and closes it after the test. */
export async function openDatabase(
  options: SqliteOptions & { path?: string; onWarning?: OnWarning } = {},
): Promise<OpenedDatabase> {
  const { path = join(await temporaryFolder(), 'test.db'), onWarning, ...rest } = options;
  const database = await sqlite(rest).open(`sqlite:${path}`, onWarning);
  opened.push(database);
  const run = (
    sql: string,
    parameters: readonly unknown[] = [],
    settings: RunOptions = {},
  ): Promise<StatementResult> =>
    database.execute({ sql, parameters, access: settings.access ?? 'unknown' }, settings);
  return { path, database, run, rows: async (...call) => (await run(...call)).rows };
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

/** A statement that keeps SQLite busy for about this many steps and cannot be interrupted. */
export function busyQuery(steps: number): string {
  return `with recursive counter(n) as (select 1 union all select n + 1 from counter where n < ${steps}) select max(n) as n from counter`;
}
