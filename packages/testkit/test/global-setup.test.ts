import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, test, vi } from 'vitest';
import { startPostgresServer } from '../src/postgres-server/postgres-server.js';

vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 });

interface Run {
  readonly exitCode: unknown;
  readonly output: string;
  readonly errors: string;
}

/** A complete run of Vitest, in two projects, on a server of this test. */
let run: Run;
let description: string;

beforeAll(async () => {
  await using server = await startPostgresServer({ source: 'embedded' });
  const { host } = new URL(server.url);
  description = `PostgreSQL ${server.version} from SLUICE_TEST_POSTGRES_URL (${host})`;
  run = await runVitest({ SLUICE_TEST_POSTGRES: 'url', SLUICE_TEST_POSTGRES_URL: server.url });
});

test('gives every test file its databases', () => {
  expect(run).toMatchObject({ exitCode: 0 });
  expect(run.output).toMatch(/Tests\s+6 passed/);
});

test('prints one line on the server, for one server in all projects', () => {
  expect(run.output.match(/^PostgreSQL .*/gm)).toEqual([description]);
});

test('drops the databases and removes the folders after each file', () => {
  expect(run.output.match(/^databases left: .*/gm)).toEqual(['databases left: 0', 'databases left: 0']);
  const paths = [...run.output.matchAll(/^sqlite path: (.*)/gm)].map(([, path]) => String(path));
  expect(paths).toHaveLength(2);
  expect(paths.filter((path) => existsSync(dirname(path)))).toEqual([]);
});

test('fails the run with one line when there is no server', async () => {
  const failed = await runVitest({ SLUICE_TEST_POSTGRES: 'url' });
  expect(failed.exitCode).toBe(1);
  expect(failed.errors).toContain('Error: No PostgreSQL from url: SLUICE_TEST_POSTGRES_URL is not set');
  expect(failed.errors).not.toMatch(/^\s+at /m);
});

async function runVitest(env: NodeJS.ProcessEnv): Promise<Run> {
  const vitest = join(dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs');
  const root = fileURLToPath(new URL('./fixtures/global-setup', import.meta.url));
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [vitest, 'run', '--root', root],
      { env: { ...outerEnvironment(), ...env, NO_COLOR: '1' } },
      (error, output, errors) => resolve({ exitCode: error?.code ?? 0, output, errors }),
    );
  });
}

/** The environment without the variables that the run of this test has set. */
function outerEnvironment(): NodeJS.ProcessEnv {
  const own = /^(VITEST|TEST$|NODE_ENV$|NODE_OPTIONS$|FORCE_COLOR$|SLUICE_TEST_)/;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !own.test(name)));
}
