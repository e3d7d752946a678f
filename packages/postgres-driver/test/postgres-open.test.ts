import { once } from 'node:events';
import { chmod, mkdtemp, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { ConfigurationError, ConnectionError } from '@sluice/core';
import { postgres } from '@sluice/postgres-driver';
import { temporaryPostgresUrl } from '@sluice/testkit';
import { rejection } from '@sluice/testkit/driver-tests';
import { afterEach, expect, test, vi } from 'vitest';
import { resolvePostgresConfig } from '../src/options/options.js';
import { openDatabase } from './opened-database.js';

const PASSWORD = 'a-very-secret-password';

afterEach(() => vi.unstubAllEnvs());

/** The server's own address with parts replaced. */
async function serverUrl(change: (url: URL) => void): Promise<string> {
  const url = new URL(await temporaryPostgresUrl());
  change(url);
  return url.href;
}

test('names host and port when nothing listens there', async () => {
  const url = `postgres://app:${PASSWORD}@127.0.0.1:1/app`;
  const error = await rejection(postgres().open(url));
  expect(error).toBeInstanceOf(ConnectionError);
  expect(error).toMatchObject({ code: 'connection_failed', retryable: true });
  expect(String(error)).toContain('127.0.0.1:1');
  expect(inspect(error, { depth: 10 })).not.toContain(PASSWORD);
});

test('names the host that has no address', async () => {
  const error = await rejection(postgres().open('postgres://no-such-host.invalid/app'));
  expect(error).toMatchObject({ code: 'connection_failed' });
  expect(String(error)).toContain('no-such-host.invalid:5432');
});

test('refuses a wrong password without telling it', async () => {
  const url = await serverUrl((parts) => {
    parts.password = PASSWORD;
  });
  const error = await rejection(postgres().open(url));
  expect(error).toBeInstanceOf(ConnectionError);
  expect(error).toMatchObject({ code: 'authentication_failed', retryable: false });
  expect(inspect(error, { depth: 10 })).not.toContain(PASSWORD);
});

test('says that a password is missing', async () => {
  const url = await serverUrl((parts) => {
    parts.password = '';
  });
  const error = await rejection(postgres().open(url));
  expect(error).toMatchObject({ code: 'invalid_configuration' });
  expect(String(error)).toContain('PGPASSWORD');
});

test('takes the password from a password file that only its owner can read', async () => {
  const url = new URL(await temporaryPostgresUrl());
  const file = join(await mkdtemp(join(tmpdir(), 'sluice-pgpass-')), 'passwords');
  const line = (database: string, password: string) =>
    `${url.hostname}:${url.port}:${database}:${url.username}:${decodeURIComponent(password).replace(/[:\\]/g, '\\$&')}\n`;
  await writeFile(file, line('another', 'wrong') + line('*', url.password), { mode: 0o600 });
  vi.stubEnv('PGPASSFILE', file);
  vi.stubEnv('PGPASSWORD', undefined);
  url.password = '';
  const { rows } = await openDatabase({ url: url.href });
  expect(await rows('select 1 as one')).toEqual([{ one: 1 }]);
  await chmod(file, 0o644);
  expect(await rejection(postgres().open(url.href))).toMatchObject({
    code: 'invalid_configuration',
    message: expect.stringContaining('only its owner can read'),
  });
});

test('takes the password from an asynchronous function', async () => {
  const url = await temporaryPostgresUrl();
  const { password } = new URL(url);
  const withoutPassword = url.replace(`:${password}@`, '@');
  const { rows } = await openDatabase({
    url: withoutPassword,
    password: async () => decodeURIComponent(password),
  });
  expect(await rows('select 1 as one')).toEqual([{ one: 1 }]);
});

test('names the database that does not exist', async () => {
  const url = await serverUrl((parts) => {
    parts.pathname = '/no_such_database';
  });
  const error = await rejection(postgres().open(url));
  expect(error).toBeInstanceOf(ConfigurationError);
  expect(String(error)).toContain('"no_such_database"');
});

test.each([
  ['a URL that cannot be read', `postgres://app:${PASSWORD}@:x:y/`, 'cannot be read'],
  ['a stray percent sign', `postgres://app:${PASSWORD}%@localhost/app`, '%25'],
  ['an unknown parameter', `postgres://app:${PASSWORD}@localhost/app?pool=3`, '"pool"'],
  ['more ports than hosts', `postgres://app:${PASSWORD}@a,b/app?port=1,2,3`, '2 hosts and 3 ports'],
  [
    'contradicting parameters',
    `postgres://app:${PASSWORD}@h/app?sslmode=require&sslmode=disable`,
    '"sslmode" twice',
  ],
  ['an unknown role', `postgres://app:${PASSWORD}@h/app?target_session_attrs=master`, 'target_session_attrs'],
  ['an unknown order', `postgres://app:${PASSWORD}@h/app?load_balance_hosts=yes`, 'load_balance_hosts'],
  ['binding without TLS', `postgres://app:${PASSWORD}@h/app?channel_binding=require`, 'needs TLS'],
  ['a certificate without its key', 'postgres://h/d?sslmode=verify-full&sslcert=/a.pem', 'belong together'],
  [
    'a key that is not there',
    'postgres://h/d?sslmode=verify-full&sslcert=/no.pem&sslkey=/no.key',
    '"sslcert" cannot be read',
  ],
  ['a schema in the manner of another library', 'postgres://h/d?schema=public', 'search_path'],
  ['keep-alives that are neither on nor off', 'postgres://h/d?keepalives=yes', '"keepalives"'],
  [
    'an sslmode that may go without TLS',
    `postgres://app:${PASSWORD}@localhost/app?sslmode=prefer`,
    '"prefer"',
  ],
  [
    'a certificate without TLS',
    `postgres://app:${PASSWORD}@localhost/app?sslrootcert=/ca.pem`,
    'sslrootcert',
  ],
  [
    'a certificate that is not there',
    'postgres://h/d?sslmode=verify-full&sslrootcert=/no/ca.pem',
    'sslrootcert',
  ],
])('refuses %s and keeps the password to itself', async (_, url, hint) => {
  const error = await rejection(postgres().open(url));
  expect(error).toMatchObject({ code: 'invalid_configuration' });
  expect(String(error)).toContain(hint);
  expect(inspect(error, { depth: 10 })).not.toContain(PASSWORD);
});

test.each([0, -1, 1.5, Number.NaN])('refuses a pool of %d', async (poolSize) => {
  const error = await rejection(postgres({ poolSize }).open('postgres://localhost/app'));
  expect(error).toMatchObject({ code: 'invalid_configuration' });
  expect(String(error)).toContain('poolSize');
});

test('does not go on without TLS when TLS is asked for', async () => {
  const url = await serverUrl((parts) => {
    parts.search = '?sslmode=require';
  });
  const error = await rejection(postgres().open(url));
  expect(error).toMatchObject({ code: 'connection_failed' });
  expect(String(error)).toContain('TLS is on');
});

test('refuses TLS settings in two places', async () => {
  const error = await rejection(postgres({ ssl: true }).open('postgres://localhost/app?sslmode=disable'));
  expect(error).toMatchObject({ code: 'invalid_configuration' });
});

test('refuses a database whose encoding cannot hold every text', async () => {
  const { url, run } = await openDatabase();
  const name = `${new URL(url).pathname.slice(1)}_ascii`;
  await run(
    `create database ${name} encoding 'SQL_ASCII' lc_collate 'C' lc_ctype 'C' locale_provider libc template template0`,
  );
  const ascii = new URL(url);
  ascii.pathname = name;
  const error = await rejection(postgres().open(ascii.href));
  await run(`drop database ${name}`);
  expect(error).toMatchObject({ code: 'invalid_configuration' });
  expect(String(error)).toContain('SQL_ASCII');
});

test('gives up on a server that accepts and never answers', async () => {
  const silent = createServer().listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const { port } = silent.address() as AddressInfo;
  try {
    const error = await rejection(
      postgres({ connectTimeoutMs: 100 }).open(`postgres://app:x@127.0.0.1:${port}/app`),
    );
    expect(error).toMatchObject({ code: 'connection_failed' });
    expect(String(error)).toContain('100 ms');
  } finally {
    silent.close();
  }
});

test('sets up every session: UTC, serializable, its name', async () => {
  const { rows } = await openDatabase();
  const [settings] = await rows(`select current_setting('TimeZone') as zone,
    current_setting('transaction_isolation') as isolation, current_setting('application_name') as name`);
  expect(settings).toEqual({ zone: 'UTC', isolation: 'serializable', name: 'sluice' });
});

test('passes the options of the URL on', async () => {
  const url = new URL(await temporaryPostgresUrl());
  url.search = '?application_name=shop&options=-c%20search_path%3Dpg_catalog&connect_timeout=5';
  const { rows } = await openDatabase({ url: url.href });
  const [settings] = await rows(
    `select current_setting('search_path') as path, current_setting('application_name') as name`,
  );
  expect(settings).toEqual({ path: 'pg_catalog', name: 'shop' });
});

/** The addresses and the login that a URL resolves to. */
function resolved(url: string): unknown {
  const config = resolvePostgresConfig(url, {}, { values: 'portable', isolation: 'serializable' });
  const { user, database, ssl, target } = config;
  const addresses = [config, ...config.others].map(({ host, port }) => `${host} ${port}`);
  return { addresses, user, database, hasTls: ssl !== false, target };
}

const PLAIN = { user: 'app', database: 'db', hasTls: false, target: undefined };

test.each([
  [
    'a socket without a host',
    'postgres://app:pw@/db?host=/cloudsql/a:b:c',
    { ...PLAIN, addresses: ['/cloudsql/a:b:c 5432'] },
  ],
  [
    'a socket in place of a host',
    'postgres://app:pw@localhost:5433/db?host=/run',
    { ...PLAIN, addresses: ['/run 5433'] },
  ],
  ['an encoded socket', 'postgres://app@%2Frun%2Fpg:5433/db', { ...PLAIN, addresses: ['/run/pg 5433'] }],
  [
    'a socket with sslmode, which libpq ignores',
    'postgres://app@/db?host=/run&sslmode=require',
    { ...PLAIN, addresses: ['/run 5432'] },
  ],
  [
    'no user and no host',
    'postgres:///db?host=/run&user=app&password=pw',
    { ...PLAIN, addresses: ['/run 5432'] },
  ],
  ['a database as a parameter', 'postgres://app@h?dbname=db', { ...PLAIN, addresses: ['h 5432'] }],
  ['an IPv6 address', 'postgres://app@[::1]:5433/db', { ...PLAIN, addresses: ['::1 5433'] }],
  ['a line break at the end', 'postgres://app@h/db\n', { ...PLAIN, addresses: ['h 5432'] }],
  ['two hosts', 'postgres://app@a,b:2/db', { ...PLAIN, addresses: ['a 5432', 'b 2'], target: 'read-write' }],
  [
    'two hosts as a parameter',
    'postgres://app@/db?host=a,b&port=1,2&target_session_attrs=any',
    { ...PLAIN, addresses: ['a 1', 'b 2'], target: 'any' },
  ],
  [
    'one port for all',
    'postgres://app@/db?host=a,b&port=7',
    { ...PLAIN, addresses: ['a 7', 'b 7'], target: 'read-write' },
  ],
  [
    'a parameter twice with one value',
    'postgres://app@h/db?sslmode=require&sslmode=require',
    { ...PLAIN, addresses: ['h 5432'], hasTls: true },
  ],
])('understands %s', (_, url, expected) => {
  expect(resolved(url)).toEqual(expected);
});
