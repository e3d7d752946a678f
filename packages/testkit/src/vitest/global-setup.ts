import type { TestProject } from 'vitest/node';
import { type PostgresServer, startPostgresServer } from '../postgres-server/postgres-server.js';
import { reasonOf } from '../postgres-server/postgres-unavailable-error.js';
import { POSTGRES_DATABASE_PREFIX, POSTGRES_URL } from './provided-context.js';

/**
 * Vitest's `globalSetup`. It starts one PostgreSQL server for the whole run, even if several projects name this file. It prints one line
 * that describes the server, and provides `postgresUrl` to the test files. Without PostgreSQL the run fails.
 *
 * ```ts
 * export default defineConfig({ test: { globalSetup: '@sluice/testkit/global-setup' } });
 * ```
 */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  // Other containers of the run must not need the image of testcontainers' own reaper either.
  process.env.TESTCONTAINERS_RYUK_DISABLED ??= 'true';
  const run = currentRun();
  run.users += 1;
  const { url, databasePrefix } = await run.server;
  project.provide(POSTGRES_URL, url);
  project.provide(POSTGRES_DATABASE_PREFIX, databasePrefix);
  return () => leave(run);
}

interface Run {
  readonly server: Promise<PostgresServer>;
  users: number;
}

// Vitest evaluates this module once for each project. So the server of the run is stored under a global symbol.
const RUN: unique symbol = Symbol.for('sluice.testkit.run');
const shared: typeof globalThis & { [RUN]?: Run } = globalThis;

function currentRun(): Run {
  shared[RUN] ??= { server: startAndTell(), users: 0 };
  return shared[RUN];
}

async function leave(run: Run): Promise<void> {
  run.users -= 1;
  if (run.users > 0) return;
  delete shared[RUN];
  await (await run.server).stop();
}

async function startAndTell(): Promise<PostgresServer> {
  try {
    const server = await startPostgresServer({ onNotice: (line) => process.stderr.write(`${line}\n`) });
    process.stdout.write(`${server.description}\n`);
    return server;
  } catch (error) {
    throw withoutStack(error);
  }
}

/** Returns an error of which Vitest prints only the message. */
function withoutStack(error: unknown): Error {
  const told = new Error(reasonOf(error));
  told.stack = '';
  return told;
}
