import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, inject } from 'vitest';
import { createDatabase, dropDatabase } from '../postgres-server/postgres-database.js';
import { POSTGRES_DATABASE_PREFIX, POSTGRES_URL } from './provided-context.js';

/** Options of {@link temporaryPostgresUrl}. */
export interface TemporaryPostgresOptions {
  /** URL of a database to copy, schema and rows. It must have no open connections. Default: an empty database. */
  readonly template?: string;
}

const cleanUps: (() => Promise<void>)[] = [];
cleanUpAfterFile();

/**
 * Creates a database on the server of this run and returns its URL. The database is dropped after the test file, and its connections are
 * closed. May be called anywhere in a test file: at the top level, in a hook, in a test.
 *
 * @throws Error when the run has no server because `globalSetup` does not name `@sluice/testkit/global-setup`.
 */
export async function temporaryPostgresUrl(options: TemporaryPostgresOptions = {}): Promise<string> {
  const serverUrl: string | undefined = inject(POSTGRES_URL);
  if (serverUrl === undefined) {
    throw new Error("No PostgreSQL in this run: add '@sluice/testkit/global-setup' to test.globalSetup");
  }
  const url = await createDatabase(serverUrl, inject(POSTGRES_DATABASE_PREFIX), options);
  cleanUps.push(() => dropDatabase(serverUrl, url));
  return url;
}

/**
 * Returns the path of a SQLite file that does not exist yet, alone in a new folder. The folder is removed after the test file. May be
 * called anywhere in a test file.
 */
export async function temporarySqlitePath(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-sqlite-'));
  cleanUps.push(() => rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 }));
  return join(folder, 'test.db');
}

/** Runs `work` after the test file, before the databases that were made earlier are removed. */
export function afterFile(work: () => Promise<void>): void {
  cleanUps.push(work);
}

// Registers the hook while the test file is loaded, because Vitest accepts no hooks inside hooks and tests. Vitest runs the hooks after a
// file in reverse order, so this one runs after those that close the file's storages.
function cleanUpAfterFile(): void {
  try {
    afterAll(cleanUp);
  } catch {
    // Outside of a test file, for example in a script that imports the testkit, there is no end of a file.
  }
}

async function cleanUp(): Promise<void> {
  const errors: unknown[] = [];
  // In reverse order: a storage is closed before its database is dropped.
  for (const work of cleanUps.splice(0).reverse()) await work().catch((error: unknown) => errors.push(error));
  if (errors.length > 0) throw new AggregateError(errors, 'temporary databases are left behind');
}
