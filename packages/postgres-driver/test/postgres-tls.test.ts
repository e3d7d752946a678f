import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { ConnectionError, type Database } from '@sluice/core';
import { postgres } from '@sluice/postgres-driver';
import { rejection, until } from '@sluice/testkit/driver-tests';
import { beforeAll, expect, test } from 'vitest';
import { openDatabase } from './opened-database.js';
import { type Certificates, makeCertificates, startOwnServer } from './own-server.js';

let certificates: Certificates;
let serverUrl: string;

beforeAll(async () => {
  certificates = makeCertificates();
  const server = await startOwnServer();
  serverUrl = server.url;
  const { hostname } = new URL(serverUrl);
  await useCertificate(`${isIP(hostname) === 0 ? 'DNS' : 'IP'}:${hostname}`);
});

/** Gives the server a certificate for `name`; connections made from now on see it. */
async function useCertificate(name: string): Promise<void> {
  const { certificate, key } = certificates.serverFor(name);
  const database = await postgres({ ssl: false }).open(serverUrl);
  try {
    await writeOnServer(database, 'server.crt', certificate);
    await writeOnServer(database, 'server.key', key);
    await runEach(database, [
      `alter system set ssl_cert_file = 'server.crt'`,
      `alter system set ssl_key_file = 'server.key'`,
      'alter system set ssl = on',
      'select pg_reload_conf()',
    ]);
    while (
      (await rows(database, `select 1 from pg_settings where name = 'ssl' and setting = 'on'`)).length === 0
    );
  } finally {
    await database.close();
  }
}

/** In the folder of its data, where the server finds it by its bare name. */
async function writeOnServer(database: Database, file: string, text: string): Promise<void> {
  const program = `cat > ${file} && chmod 600 ${file}`;
  const lines = text.trim().split('\n');
  const values = lines.map((line) => `('${line}')`).join(', ');
  await runEach(database, [`copy (select * from (values ${values}) as line) to program '${program}'`]);
}

async function runEach(database: Database, statements: readonly string[]): Promise<void> {
  for (const statement of statements) await rows(database, statement);
}

async function rows(database: Database, sql: string): Promise<readonly unknown[]> {
  return (await database.execute({ sql, parameters: [], access: 'write' }, {})).rows;
}

function withTls(parameters: string): string {
  return `${serverUrl}?${parameters}`;
}

const IS_ENCRYPTED = 'select ssl from pg_stat_ssl where pid = pg_backend_pid()';

test.each(['verify-full', 'require', 'verify-ca'])('encrypts and verifies under sslmode=%s', async (mode) => {
  const url = withTls(`sslmode=${mode}&sslrootcert=${certificates.authority}`);
  const opened = await openDatabase({ url });
  expect(await opened.rows(IS_ENCRYPTED)).toEqual([{ ssl: true }]);
});

test('encrypts with the options of Node as well', async () => {
  const { readFile } = await import('node:fs/promises');
  const ca = await readFile(certificates.authority, 'utf8');
  const opened = await openDatabase({ url: serverUrl, ssl: { ca } });
  expect(await opened.rows(IS_ENCRYPTED)).toEqual([{ ssl: true }]);
});

test('binds the login to the encrypted connection', async () => {
  const url = withTls(`sslmode=verify-full&sslrootcert=${certificates.authority}&channel_binding=require`);
  const opened = await openDatabase({ url });
  expect(await opened.rows(IS_ENCRYPTED)).toEqual([{ ssl: true }]);
});

test('sends no password where the server does not bind the login, and that is required', async () => {
  const url = new URL(withTls(`sslmode=verify-full&sslrootcert=${certificates.authority}`));
  const { run, rows: read } = await openDatabase({ url: url.href });
  const role = `unbound_${process.pid}`;
  const [file] = await read(`select current_setting('hba_file') as name`);
  // Before the lines that are there: the first one that fits counts.
  await run(`copy (select 1) to program 'sed -i "1i host all ${role} all password" ${file?.name}'`);
  await run(`create role ${role} login password 'p'`);
  await run('select pg_reload_conf()');
  Object.assign(url, { username: role, password: 'p' });
  await until(() =>
    openDatabase({ url: url.href }).then(
      () => true,
      () => false,
    ),
  );
  url.searchParams.set('channel_binding', 'require');
  expect(await rejection(postgres().open(url.href))).toMatchObject({ code: 'invalid_configuration' });
  await run(`drop role ${role}`);
});

test('shows the server a certificate of its own', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-client-'));
  const { certificate, key } = certificates.serverFor('DNS:client');
  const [certFile, keyFile] = [join(folder, 'client.crt'), join(folder, 'client.key')];
  writeFileSync(certFile, certificate);
  writeFileSync(keyFile, key);
  const database = await postgres({ ssl: false }).open(serverUrl);
  await writeOnServer(database, 'authority.crt', readFileSync(certificates.authority, 'utf8'));
  await runEach(database, [`alter system set ssl_ca_file = 'authority.crt'`, 'select pg_reload_conf()']);
  await database.close();
  const files = `sslrootcert=${certificates.authority}&sslcert=${certFile}&sslkey=${keyFile}`;
  const shown = 'select client_dn as name from pg_stat_ssl where pid = pg_backend_pid()';
  await until(async () => {
    const { rows: read, database: own } = await openDatabase({
      url: withTls(`sslmode=verify-full&${files}`),
    });
    const [found] = await read(shown);
    await own.close();
    return found?.name === '/CN=server';
  });
  rmSync(folder, { recursive: true });
});

test('cancels a statement over an encrypted connection', async () => {
  const url = withTls(`sslmode=verify-full&sslrootcert=${certificates.authority}`);
  const { run, rows: read } = await openDatabase({ url, poolSize: 1 });
  const error = await rejection(run('select pg_sleep(60)', [], { deadline: performance.now() + 100 }));
  expect(error).toMatchObject({ code: 'timeout' });
  expect(await read('select 1 as one')).toEqual([{ one: 1 }]);
});

test.each([
  ['verify-full', ''],
  ['verify-full', 'stranger'],
  ['require', ''],
  ['verify-ca', 'stranger'],
] as const)('refuses a certificate of an unknown authority under sslmode=%s', async (mode, authority) => {
  const root = authority === '' ? '' : `&sslrootcert=${certificates[authority]}`;
  const error = await rejection(postgres().open(withTls(`sslmode=${mode}${root}`)));
  expect(error).toBeInstanceOf(ConnectionError);
  expect(error).toMatchObject({ code: 'connection_failed' });
  expect(String(error)).toContain('certificate');
  expect(inspect(error, { depth: 10 })).not.toContain(new URL(serverUrl).password);
});

test('goes on with an unknown certificate only where that is said openly', async () => {
  const opened = await openDatabase({ url: withTls('sslmode=no-verify') });
  expect(await opened.rows(IS_ENCRYPTED)).toEqual([{ ssl: true }]);
});

test('refuses a certificate for another name, unless only the authority counts', async () => {
  await useCertificate('DNS:db.example.com');
  const root = `sslrootcert=${certificates.authority}`;
  expect(await rejection(postgres().open(withTls(`sslmode=verify-full&${root}`)))).toMatchObject({
    code: 'connection_failed',
  });
  const opened = await openDatabase({ url: withTls(`sslmode=verify-ca&${root}`) });
  expect(await opened.rows(IS_ENCRYPTED)).toEqual([{ ssl: true }]);
});

/** Lets nobody in without TLS, by a name or an address; gives back what undoes it. */
async function demandTls(): Promise<() => Promise<void>> {
  const { database } = await openDatabase({ url: withTls('sslmode=no-verify') });
  const change = async (program: string): Promise<void> => {
    await runEach(database, [`copy (select) to program 'cat && ${program}'`, 'select pg_reload_conf()']);
  };
  await change(
    'cp pg_hba.conf pg_hba.before && sed "s/^host[[:space:]]/hostssl /" pg_hba.before > pg_hba.conf',
  );
  return () => change('mv pg_hba.before pg_hba.conf');
}

/** The error of opening `url`, as soon as the server has read its new rules. */
async function refusal(url: string): Promise<unknown> {
  for (;;) {
    try {
      await (await postgres().open(url)).close();
    } catch (error) {
      return error;
    }
  }
}

test('says what to do where the server demands TLS and the URL asks for none', async () => {
  const undo = await demandTls();
  const url = new URL(serverUrl);
  url.password = 'not-for-logs';
  const error = await refusal(url.href);
  const opened = await openDatabase({ url: withTls('sslmode=no-verify') });
  expect(await opened.rows(IS_ENCRYPTED)).toEqual([{ ssl: true }]);
  await undo();
  expect(error).toBeInstanceOf(ConnectionError);
  expect(error).toMatchObject({ code: 'authentication_failed', cause: { code: '28000' } });
  expect(String(error)).toContain('add `sslmode=verify-full` to the URL');
  expect(inspect(error, { depth: 10 })).not.toContain(url.password);
});
