import { openStorage, type Storage } from '@sluice/core';
import { type PostgresOptions, postgres } from '@sluice/postgres-driver';
import { startTcpRelay } from '@sluice/testkit';
import { rejection, until } from '@sluice/testkit/driver-tests';
import { sql } from 'kysely';
import { afterEach, beforeAll, expect, test } from 'vitest';
import { type Pair, startPair } from './own-standby.js';

interface DB {
  readonly t: { readonly id: number };
}

let pair: Pair;
const opened: Storage<DB>[] = [];

beforeAll(async () => {
  pair = await startPair();
  const storage = await open(pair.primary.url);
  await sql`create table t (id integer primary key)`.execute(storage.kysely);
  await storage.repository('t', { key: 'id' }).insert({ id: 0 });
  await storage.close();
  await until(async () => {
    const standby = await open(pair.standbyUrl);
    const found = await standby
      .repository('t', { key: 'id' })
      .get(0)
      .catch(() => undefined);
    return found !== undefined;
  });
}, 60_000);

afterEach(async () => {
  await Promise.all(opened.splice(0).map((storage) => storage.close()));
});

async function open(url: string, options: PostgresOptions = {}): Promise<Storage<DB>> {
  const storage = await openStorage<DB>({ url, drivers: [postgres({ poolSize: 4, ...options })] });
  opened.push(storage);
  return storage;
}

function addressOf(url: string): { readonly port: number } {
  return { port: Number(new URL(url).port) };
}

test('an address that leads to a standby for a moment: everybody waits, health says why, and no connection to it is kept', async () => {
  let target = addressOf(pair.primary.url);
  await using relay = await startTcpRelay(() => target);
  const storage = await open(relay.url(pair.primary.url));
  const rows = storage.repository('t', { key: 'id' });
  await rows.insert({ id: 1 });
  target = addressOf(pair.standbyUrl);
  relay.cut();
  relay.resume();
  const calls = [
    storage.write((tx) => tx.repository('t', { key: 'id' }).insert({ id: 2 })),
    rows.insert({ id: 3 }),
    rows.get(1),
    sql`insert into t values (4)`.execute(storage.kysely),
  ];
  await until(async () => (await storage.health()).error?.startsWith('read_only') === true);
  expect(await rejection(rows.insert({ id: 5 }, { timeoutMs: 300 }))).toMatchObject({ code: 'timeout' });
  target = addressOf(pair.primary.url);
  await Promise.all(calls);
  expect(await storage.health()).toMatchObject({ isHealthy: true });
  expect(await rows.count()).toBe(5);
});

test('a storage that was opened on a standby reads, and tells a write that the server takes none', async () => {
  const storage = await open(pair.standbyUrl);
  const rows = storage.repository('t', { key: 'id' });
  expect(await rows.get(0)).toEqual({ id: 0 });
  const writes = [
    rows.insert({ id: 9 }, { timeoutMs: 300 }),
    storage.write((tx) => tx.repository('t', { key: 'id' }).insert({ id: 9 }), { timeoutMs: 300 }),
  ];
  for (const error of await Promise.all(writes.map(rejection)))
    expect(error).toMatchObject({ code: 'timeout', cause: { code: 'read_only' } });
});

test.each(['', '?target_session_attrs=read-write'])(
  'health calls a standby read-only: %j',
  async (search) => {
    const url = pair.standbyUrl + search;
    if (search !== '') {
      expect(await rejection(open(url))).toMatchObject({ code: 'read_only' });
      return;
    }
    const storage = await open(url);
    expect(await storage.health()).toMatchObject({
      isHealthy: false,
      error: expect.stringContaining('read_only'),
    });
  },
);

test.each(['any', 'standby', 'read-only', 'prefer-standby'])(
  'health calls a standby healthy with target_session_attrs=%s',
  async (target) => {
    const storage = await open(`${pair.standbyUrl}?target_session_attrs=${target}`);
    expect(await storage.health()).toMatchObject({ isHealthy: true });
  },
);

test('health says that transactions are read-only by default', async () => {
  const storage = await open(`${pair.primary.url}?options=-c%20default_transaction_read_only%3Don`);
  expect(await storage.health()).toMatchObject({
    isHealthy: false,
    error: expect.stringContaining('default_transaction_read_only'),
  });
});

test('a server that was a standby is written to by the same connection after its promotion', async () => {
  const own = await startPair();
  const storage = await open(own.standbyUrl, { poolSize: 1 });
  expect((await storage.health()).isHealthy).toBe(false);
  const writing = sql`create table made (id integer)`.execute(storage.kysely);
  const admin = await open(`${own.standbyUrl}?target_session_attrs=any`);
  await admin.read((tx) => sql`select pg_promote()`.execute(tx.kysely));
  await writing;
  expect(await storage.health()).toMatchObject({ isHealthy: true });
});
