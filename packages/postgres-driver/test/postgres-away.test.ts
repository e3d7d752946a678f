import { openStorage, type Storage } from '@sluice/core';
import { postgres } from '@sluice/postgres-driver';
import { startTcpRelay, type TcpRelay, temporaryPostgresUrl } from '@sluice/testkit';
import { rejection } from '@sluice/testkit/driver-tests';
import { sql } from 'kysely';
import { expect, test } from 'vitest';

interface DB {
  readonly t: { readonly id: number };
}

interface Opened extends AsyncDisposable {
  readonly relay: TcpRelay;
  readonly storage: Storage<DB>;
}

async function openThroughRelay(): Promise<Opened> {
  const url = await temporaryPostgresUrl();
  const relay = await startTcpRelay(url);
  const storage = await openStorage<DB>({ url: relay.url(url), drivers: [postgres({ poolSize: 6 })] });
  await sql`create table t (id integer primary key)`.execute(storage.kysely);
  await storage.repository('t', { key: 'id' }).insert({ id: 0 });
  return {
    relay,
    storage,
    [Symbol.asyncDispose]: async () => {
      await storage.close();
      await relay.close();
    },
  };
}

function callAll(storage: Storage<DB>, timeoutMs: number): Promise<unknown>[] {
  const rows = storage.repository('t', { key: 'id' });
  const stream = async (): Promise<number> => {
    let count = 0;
    for await (const _ of rows.stream({}, { timeoutMs })) count += 1;
    return count;
  };
  return [
    storage.write((tx) => tx.repository('t', { key: 'id' }).insert({ id: 1 }), { timeoutMs }),
    storage.read((tx) => tx.repository('t', { key: 'id' }).get(0), { timeoutMs }),
    rows.insert({ id: 2 }, { timeoutMs }),
    rows.get(0, { timeoutMs }),
    rows.count({}, { timeoutMs }),
    stream(),
  ];
}

test('a server that is away for a moment is waited for', async () => {
  await using opened = await openThroughRelay();
  const { relay, storage } = opened;
  relay.cut();
  const calls = callAll(storage, 60_000);
  expect(await storage.health()).toMatchObject({
    isHealthy: false,
    error: expect.stringContaining('connection_failed'),
  });
  relay.resume();
  await Promise.all(calls);
  expect(await storage.repository('t', { key: 'id' }).count()).toBe(3);
  expect(await storage.health()).toMatchObject({ isHealthy: true });
});

test('a server that stays away is told at the deadline', async () => {
  await using opened = await openThroughRelay();
  const { relay, storage } = opened;
  relay.cut();
  const errors = await Promise.all(callAll(storage, 400).map(rejection));
  for (const error of errors) expect(error).toMatchObject({ code: 'connection_failed', retryable: true });
});

test('a signal ends the wait for a server that is away', async () => {
  await using opened = await openThroughRelay();
  const { relay, storage } = opened;
  relay.cut();
  const controller = new AbortController();
  const reading = rejection(storage.repository('t', { key: 'id' }).get(0, { signal: controller.signal }));
  await storage.health();
  controller.abort();
  expect(await reading).toMatchObject({ code: 'aborted' });
});

test('a storage closes while callers wait for a server that is away', async () => {
  await using opened = await openThroughRelay();
  const { relay, storage } = opened;
  relay.cut();
  const reading = rejection(storage.repository('t', { key: 'id' }).get(0, { timeoutMs: 500 }));
  await storage.close();
  expect(await reading).toMatchObject({ code: 'connection_failed' });
});
