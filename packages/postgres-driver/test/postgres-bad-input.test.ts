import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import { inspect } from 'node:util';
import { ConfigurationError, ConnectionError, UnsupportedError, ValueError } from '@sluice/core';
import { postgres } from '@sluice/postgres-driver';
import { temporaryPostgresUrl } from '@sluice/testkit';
import { rejection } from '@sluice/testkit/driver-tests';
import { afterEach, expect, test } from 'vitest';
import { openDatabase } from './opened-database.js';
import { openTables } from './opened-storage.js';

const servers: Server[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

/** Passes everything on and gives the server's version out as 12. */
async function disguiseAsOld(serverUrl: string, versionNumber: string): Promise<string> {
  const target = new URL(serverUrl);
  const server = createServer((near) => {
    const far = connect(Number(target.port), target.hostname);
    near.pipe(far);
    far.on('data', (data) => {
      const text = data.toString('latin1').replaceAll(versionNumber, `12${versionNumber.slice(2)}`);
      near.write(Buffer.from(text, 'latin1'));
    });
    far.on('close', () => near.destroy());
    near.on('close', () => far.destroy());
    for (const end of [near, far]) end.on('error', () => end.destroy());
  }).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  const url = new URL(serverUrl);
  url.host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return url.href;
}

test('refuses a server older than 13 and says which it is', async () => {
  const { url, rows } = await openDatabase();
  const [found] = await rows(`select current_setting('server_version_num') as version`);
  const error = await rejection(postgres().open(await disguiseAsOld(url, String(found?.version))));
  expect(error).toBeInstanceOf(ConfigurationError);
  expect(String(error)).toContain('PostgreSQL 13 or newer is needed; the server is 12');
});

test('names the role that does not exist, and tells no password', async () => {
  const url = new URL(await temporaryPostgresUrl());
  url.username = 'no_such_role';
  url.password = 'a-very-secret-password';
  const error = await rejection(postgres().open(url.href));
  expect(error).toBeInstanceOf(ConnectionError);
  expect(error).toMatchObject({ code: 'authentication_failed', retryable: false });
  expect(String(error)).toContain('"no_such_role"');
  expect(inspect(error, { depth: 10 })).not.toContain('a-very-secret-password');
});

test('refuses more parameters than the protocol counts, before anything is sent', async () => {
  const { database, run } = await openDatabase();
  const before = database.metrics().commits;
  const error = await rejection(
    run(
      'select 1',
      Array.from({ length: 65_536 }, () => 1),
    ),
  );
  expect(error).toBeInstanceOf(UnsupportedError);
  expect(String(error)).toContain('65535');
  expect(database.metrics().commits).toBe(before);
});

test('refuses a text with U+0000 and numbers out of range, and stores none of their rows', async () => {
  interface Tables {
    readonly t: {
      readonly id: number;
      readonly small: number;
      readonly large: bigint;
      readonly name: string;
    };
  }
  const { storage } = await openTables<Tables>([
    'create table t (id integer primary key, small smallint, large bigint, name text)',
  ]);
  const table = storage.repository('t', { key: 'id' });
  const good = { id: 1, small: 1, large: 1n, name: 'a' };
  const bad = [
    { ...good, name: 'a\0b' },
    { ...good, small: 32_768 },
    { ...good, large: 2n ** 63n },
    { ...good, id: 2 ** 31 },
  ];
  for (const row of bad) {
    for (const call of [table.insert(row), table.insertMany([{ ...good, id: 2 }, row]), table.upsert(row)])
      expect(await rejection(call)).toBeInstanceOf(ValueError);
  }
  expect(await table.count()).toBe(0);
});

test('refuses a name that PostgreSQL would cut off', async () => {
  const { storage } = await openTables([]);
  const name = 'n'.repeat(64);
  const calls = [
    storage.kysely.schema.createTable(name).addColumn('id', 'integer').execute(),
    storage.kysely.schema.createTable('t').addColumn(name, 'integer').execute(),
  ];
  for (const call of calls) expect(String(await rejection(call))).toContain('63 bytes');
});

test.each([
  ['acquireTimeoutMs', 0],
  ['statementTimeoutMs', -1],
  ['lockTimeoutMs', 0.5],
  ['idleInTransactionTimeoutMs', Number.NaN],
])('refuses %s of %d', async (option, value) => {
  const error = await rejection(postgres({ [option]: value }).open('postgres://localhost/app'));
  expect(error).toMatchObject({ code: 'invalid_configuration' });
  expect(String(error)).toContain(option);
});
