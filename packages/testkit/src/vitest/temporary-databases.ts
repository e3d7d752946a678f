import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, inject } from 'vitest';
import { createDatabase, dropDatabase } from '../postgres-server/postgres-database.js';
import { POSTGRES_DATABASE_PREFIX, POSTGRES_URL } from './provided-context.js';

/** What a temporary PostgreSQL database begins with. */
export interface TemporaryPostgresOptions {
  /** URL of a database to copy, schema and rows. It must have no open connections. Default: an empty database. */
  readonly template?: string;
}

const cleanUps: (() => Promise<void>)[] = [];
cleanUpAfterFile();

/**
 * Creates a database on the server of this run and returns its URL. It is dropped after the test file, with the
 * connections it still has. May be called anywhere in a test file: at the top, in a hook, in a test.
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
 * Returns the path of a SQLite file that does not exist yet, alone in a fresh folder. The folder is removed after
 * the test file. May be called anywhere in a test file.
 */
export async function temporarySqlitePath(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-sqlite-'));
  cleanUps.push(() => rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 }));
  return join(folder, 'test.db');
}

/** Has `work` done after the test file, before the databases made earlier are removed. */
export function afterFile(work: () => Promise<void>): void {
  cleanUps.push(work);
}

// Registered while the test file is being read, because Vitest takes no hooks from inside hooks and tests. Hooks after
// a file run last first, so this one follows those that close what the file has opened.
function cleanUpAfterFile(): void {
  try {
    afterAll(cleanUp);
  } catch {
    // Outside a test file, as in a script that imports the testkit, there is nothing to run after.
  }
}

async function cleanUp(): Promise<void> {
  const errors: unknown[] = [];
  // Last first: a storage is closed before its database is dropped.
  for (const work of cleanUps.splice(0).reverse()) await work().catch((error: unknown) => errors.push(error));
  if (errors.length > 0) throw new AggregateError(errors, 'temporary databases are left behind');
}
