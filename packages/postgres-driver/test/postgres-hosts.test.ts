import { openStorage, type Storage } from '@sluice/core';
import { type PostgresOptions, postgres } from '@sluice/postgres-driver';
import { startTcpRelay } from '@sluice/testkit';
import { rejection, until } from '@sluice/testkit/driver-tests';
import { sql } from 'kysely';
import { afterEach, beforeAll, expect, test } from 'vitest';
import { type Pair, startPair } from './own-standby.js';

let pair: Pair;
let primary: string;
let standby: string;
const opened: Storage<unknown>[] = [];

beforeAll(async () => {
  pair = await startPair();
  primary = new URL(pair.primary.url).host;
  standby = new URL(pair.standbyUrl).host;
}, 60_000);

afterEach(async () => {
  await Promise.all(opened.splice(0).map((storage) => storage.close()));
});

/** The primary's address with other hosts. */
function at(hosts: string, search = ''): string {
  return pair.primary.url.replace(primary, hosts) + search;
}

async function open(url: string, options: PostgresOptions = {}): Promise<Storage<unknown>> {
  const storage = await openStorage<unknown>({ url, drivers: [postgres({ poolSize: 3, ...options })] });
  opened.push(storage);
  return storage;
}

async function isOnStandby(storage: Storage<unknown>): Promise<boolean> {
  const asked = storage.read((tx) =>
    sql<{ is: boolean }>`select pg_is_in_recovery() as is`.execute(tx.kysely),
  );
  return (await asked).rows[0]?.is === true;
}

test.each([
  ['', false],
  ['?target_session_attrs=any', true],
  ['?target_session_attrs=read-write', false],
  ['?target_session_attrs=primary', false],
  ['?target_session_attrs=read-only', true],
  ['?target_session_attrs=standby', true],
  ['?target_session_attrs=prefer-standby', true],
])('of a dead host, a standby and a primary, takes the one that is wanted: %j', async (search, expected) => {
  const storage = await open(at(`127.0.0.1:1,${standby},${primary}`, search));
  expect(await isOnStandby(storage)).toBe(expected);
  expect((await storage.health()).isHealthy).toBe(true);
});

test('takes the primary where a standby is only preferred and there is none', async () => {
  const storage = await open(at(`127.0.0.1:1,${primary}`, '?target_session_attrs=prefer-standby'));
  expect(await isOnStandby(storage)).toBe(false);
});

test('takes both in turn of chance', async () => {
  const url = at(`${primary},${standby}`, '?target_session_attrs=any&load_balance_hosts=random');
  const seen = new Set<boolean>();
  await until(async () => {
    const storage = await open(url, { poolSize: 1 });
    seen.add(await isOnStandby(storage));
    await storage.close();
    return seen.size === 2;
  });
});

test('takes further servers from the option', async () => {
  const storage = await open(pair.standbyUrl, { hosts: [pair.primary.url] });
  expect(await isOnStandby(storage)).toBe(false);
});

test('a host that swallows everything does not hold up the next', async () => {
  await using relay = await startTcpRelay(pair.primary.url);
  relay.pause();
  const storage = await open(at(`127.0.0.1:${relay.port},${primary}`), { connectTimeoutMs: 60_000 });
  expect(await isOnStandby(storage)).toBe(false);
});

test('says which servers it tried, and what one of them refused', async () => {
  const hosts = `127.0.0.1:1,${primary}`;
  const error = await rejection(open(at(hosts, '?target_session_attrs=standby')));
  expect(error).toMatchObject({ code: 'connection_failed', retryable: true });
  expect(String(error)).toContain(`127.0.0.1:1, ${primary}`);
  const wrong = new URL(pair.primary.url);
  wrong.password = 'wrong';
  expect(await rejection(open(wrong.href, { hosts: [wrong.href] }))).toMatchObject({
    code: 'authentication_failed',
  });
});

// The last: it promotes the standby.
test('follows a failover by itself, with what was waiting', async () => {
  await using relay = await startTcpRelay(pair.primary.url);
  const storage = await open(at(`127.0.0.1:${relay.port},${standby}`));
  await sql`create table t (id integer primary key)`.execute(storage.kysely);
  const rows = storage as Storage<{ t: { id: number } }>;
  await rows.repository('t', { key: 'id' }).insert({ id: 1 });
  const watcher = await open(pair.standbyUrl);
  await until(async () => {
    const { rows: found } = await watcher.read((tx) =>
      sql`select to_regclass('t') is not null as is`.execute(tx.kysely),
    );
    return (found[0] as { is: boolean }).is;
  });
  relay.cut();
  const writing = rows.write((tx) => tx.repository('t', { key: 'id' }).upsert({ id: 2 }));
  await until(async () => (await storage.health()).error?.startsWith('read_only') === true);
  await watcher.read((tx) => sql`select pg_promote()`.execute(tx.kysely));
  await writing;
  expect(await isOnStandby(storage)).toBe(false);
  relay.resume();
  expect(await rows.repository('t', { key: 'id' }).get(2)).toEqual({ id: 2 });
});
