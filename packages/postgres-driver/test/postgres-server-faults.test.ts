import { startTcpRelay } from '@sluice/testkit';
import { type PostgresServer, type ServerFaults, startPostgresServer } from '@sluice/testkit/postgres-server';
import { afterAll, expect, test, vi } from 'vitest';
import { LoadOfInserts } from './load-of-inserts.js';

vi.setConfig({ testTimeout: 120_000 });

/** A server of our own that keeps what it acknowledged, from where the run's server comes unless that is somebody else's. */
async function startServer(): Promise<PostgresServer & { readonly faults: ServerFaults }> {
  const isForeign = process.env.SLUICE_TEST_POSTGRES_URL !== undefined;
  const server = await startPostgresServer({ durable: true, ...(isForeign && { source: 'embedded' }) });
  if (server.faults !== undefined) return { ...server, faults: server.faults };
  await server.stop();
  throw new Error(`no faults can be made on ${server.description}`);
}

const server = await startServer();
afterAll(() => server.stop());

test('a server that stands still, for longer than callers wait: they are told, and go on once it does', async () => {
  await using load = await LoadOfInserts.on(await server.createDatabase());
  await load.more(100);
  await server.faults.pause();
  await expect.poll(() => [...load.refused.values()], { timeout: 30_000 }).toContain('timeout');
  await server.faults.resume();
  await load.more(100);
  await load.expectNothingLost();
});

test('a network that is cut three times under load', async () => {
  await using relay = await startTcpRelay(server.url);
  await using load = await LoadOfInserts.on(relay.url(await server.createDatabase()));
  for (let round = 1; round <= 3; round += 1) {
    await load.more(100);
    const { size } = load.refused;
    relay.cut();
    await expect.poll(() => load.refused.size, { timeout: 30_000 }).toBeGreaterThan(size);
    relay.resume();
  }
  await load.more(100);
  await load.expectNothingLost();
});

test('a network that passes nothing on, for longer than callers wait, and then everything late', async () => {
  await using relay = await startTcpRelay(server.url);
  await using load = await LoadOfInserts.on(relay.url(await server.createDatabase()));
  await load.more(100);
  relay.pause();
  await expect.poll(() => [...load.refused.values()], { timeout: 30_000 }).toContain('timeout');
  relay.resume();
  await load.more(100);
  await load.expectNothingLost();
});

test('a slow network refuses nobody', async () => {
  await using relay = await startTcpRelay(server.url);
  await using load = await LoadOfInserts.on(relay.url(await server.createDatabase()));
  relay.delayMs = 40;
  await load.more(60);
  await load.expectNothingLost();
  expect([...load.refused]).toEqual([]);
});

// The last: a container that was killed comes back on another port, which this server's own connections do not know.
test('kill -9 of the server, three times under load: nothing acknowledged is lost, nothing refused is kept, and the storage goes on', async () => {
  let url = server.url;
  await using relay = await startTcpRelay(() => ({ port: Number(new URL(url).port) }));
  await using load = await LoadOfInserts.on(relay.url(await server.createDatabase()));
  for (let round = 1; round <= 3; round += 1) {
    await load.more(100);
    await server.faults.crash();
    url = await server.faults.restart();
  }
  await load.more(100);
  await load.expectNothingLost();
});
