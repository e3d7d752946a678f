import { openStorage, type Storage } from '@sluice/core';
import { postgres } from '@sluice/postgres-driver';
import { type SwallowedDirection, startTcpRelay } from '@sluice/testkit';
import { rejection, until } from '@sluice/testkit/driver-tests';
import { type PostgresServer, startPostgresServer } from '@sluice/testkit/postgres-server';
import { sql } from 'kysely';
import { afterAll, expect, test } from 'vitest';
import { PostgresChanges } from '../src/changes/change-listener.js';
import { installTriggers } from '../src/changes/change-triggers.js';
import { resolvePostgresConfig } from '../src/options/options.js';
import { openDatabase } from './opened-database.js';

interface DB {
  readonly t: { readonly id: number };
}

/** Of this machine, so that one of its processes can be stopped. */
const server: PostgresServer = await startPostgresServer({ source: 'embedded' });
const stopped: number[] = [];

afterAll(() => {
  for (const pid of stopped) process.kill(pid, 'SIGCONT');
  return server.stop();
});

const CALL = { timeoutMs: 1000 };

async function openOne(url: string): Promise<Storage<DB>> {
  const storage = await openStorage<DB>({ url, drivers: [postgres({ poolSize: 1 })], timeoutMs: 5000 });
  await sql`create table if not exists t (id integer primary key)`.execute(storage.kysely);
  // From now on the table is known, and nothing is asked before a call.
  await storage.repository('t', { key: 'id' }).insert({ id: 0 });
  return storage;
}

/** Stops the server's process of the storage's only connection. The server takes new connections, and passes requests to cancel on. */
async function stopBackend(storage: Storage<DB>): Promise<void> {
  const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(storage.kysely);
  const pid = Number(rows[0]?.pid);
  process.kill(pid, 'SIGSTOP');
  stopped.push(pid);
}

const CALLS: Record<string, (storage: Storage<DB>) => Promise<unknown>> = {
  'a read': (storage) => storage.read((tx) => sql`select 1`.execute(tx.kysely), CALL),
  'a write': (storage) => storage.write((tx) => tx.repository('t', { key: 'id' }).insert({ id: 1 }), CALL),
  'a single read': (storage) => storage.repository('t', { key: 'id' }).get(1, CALL),
  'a plain query': (storage) => storage.kysely.selectFrom('t').selectAll().execute(),
  'a stream': async (storage) => {
    for await (const _ of storage.repository('t', { key: 'id' }).stream({}, CALL));
  },
};

/** Opens all three connections of the pool. A caller may be served by another one's connection, so those that are still being opened are waited for. */
async function fillPool(storage: Storage<DB>): Promise<void> {
  await Promise.all([1, 2, 3].map(() => sql`select pg_sleep(0.05)`.execute(storage.kysely)));
  await until(() => {
    const { poolTotal, poolIdle } = storage.metrics().database.engine;
    return poolTotal === 3 && poolIdle === 3;
  });
}

async function expectToGoOn(storage: Storage<DB>): Promise<void> {
  expect(await storage.health()).toMatchObject({ isHealthy: true });
  await storage.repository('t', { key: 'id' }).upsert({ id: 2 }, { timeoutMs: 10_000 });
  await storage.close();
}

test.concurrent.each(Object.entries(CALLS))(
  '%s on a process that does not answer ends, and frees its connection',
  async (_, call) => {
    const storage = await openOne(await server.createDatabase());
    await stopBackend(storage);
    expect(await rejection(call(storage))).toMatchObject({ code: 'timeout' });
    await expectToGoOn(storage);
  },
);

test.concurrent('a single write on a process that does not answer ends as unknown', async () => {
  const storage = await openOne(await server.createDatabase());
  await stopBackend(storage);
  const writing = storage.repository('t', { key: 'id' }).insert({ id: 1 }, CALL);
  expect(await rejection(writing)).toMatchObject({ code: 'commit_unknown' });
  await expectToGoOn(storage);
});

test.concurrent('health says that a process does not answer, and by its next call that the server does', async () => {
  const storage = await openOne(await server.createDatabase());
  await stopBackend(storage);
  expect(await storage.health(CALL)).toMatchObject({
    isHealthy: false,
    error: expect.stringContaining('timeout'),
  });
  await expectToGoOn(storage);
});

test.concurrent('a storage closes while a process does not answer', async () => {
  const storage = await openOne(await server.createDatabase());
  await stopBackend(storage);
  const reading = rejection(storage.read((tx) => sql`select 1`.execute(tx.kysely), CALL));
  await storage.close();
  expect(await reading).toMatchObject({ code: 'timeout' });
});

test.concurrent('a storage closes whose idle connection does not answer', async () => {
  const storage = await openOne(await server.createDatabase());
  await stopBackend(storage);
  await storage.close();
});

test.concurrent.each<SwallowedDirection>(['both', 'to client', 'to server'])(
  'a network that swallows %s: reads and transactions time out, a single write is unknown, and new connections are made',
  async (direction) => {
    const url = await server.createDatabase();
    await using relay = await startTcpRelay(url);
    const storage = await openStorage<DB>({ url: relay.url(url), drivers: [postgres({ poolSize: 3 })] });
    await sql`create table t (id integer primary key)`.execute(storage.kysely);
    await storage.repository('t', { key: 'id' }).insert({ id: 0 });
    await fillPool(storage);
    relay.swallow(direction);
    const [reading, writing, single] = await Promise.all([
      rejection(CALLS['a read']?.(storage) ?? Promise.resolve()),
      rejection(CALLS['a write']?.(storage) ?? Promise.resolve()),
      rejection(storage.repository('t', { key: 'id' }).insert({ id: 3 }, CALL)),
    ]);
    expect(reading).toMatchObject({ code: 'timeout' });
    expect(writing).toMatchObject({ code: 'timeout' });
    expect(single).toMatchObject({ code: 'commit_unknown' });
    await expectToGoOn(storage);
  },
);

test.concurrent('where one connection is given up, idle ones are not trusted either', async () => {
  const url = await server.createDatabase();
  await using relay = await startTcpRelay(url);
  const storage = await openStorage<DB>({ url: relay.url(url), drivers: [postgres({ poolSize: 3 })] });
  await fillPool(storage);
  relay.swallow();
  expect(await storage.health(CALL)).toMatchObject({ isHealthy: false });
  expect(await storage.health(CALL)).toMatchObject({ isHealthy: true });
  await storage.close();
});

test.concurrent('a watch hears of changes again after its connection has gone silent', async () => {
  const url = await server.createDatabase();
  await using relay = await startTcpRelay(url);
  const { database, run } = await openDatabase({ url });
  await run('create table t (id integer primary key)');
  const ids = await installTriggers(database, ['t'], {});
  const config = resolvePostgresConfig(relay.url(url), {}, { values: 'portable', isolation: 'serializable' });
  const changes = new PostgresChanges(config, 20, 200);
  try {
    const { promise: heard, resolve: changed } = Promise.withResolvers<readonly string[]>();
    await changes.watch(ids, { changed, failed: () => {} }, {});
    relay.swallow('to client');
    await run('insert into t values (1)');
    expect(await heard).toEqual(['t']);
  } finally {
    await changes.close();
  }
});
