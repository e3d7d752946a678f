import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { PostgreSqlContainer, type StartedPostgreSqlContainer } from '@testcontainers/postgresql';
import { type ContainerRuntimeClient, PullPolicy } from 'testcontainers';
import { withDeadline } from './deadline.js';
import { connectDocker, ensureImage } from './docker.js';
import { inspectServer } from './postgres-database.js';
import {
  type PostgresSettings,
  type RunningServer,
  type ServerFaults,
  serverFlags,
} from './postgres-source.js';
import { reasonOf } from './postgres-unavailable-error.js';
import { startReaper } from './reaper.js';

const LABEL = 'sluice.testkit.postgres';
/** Timeout of PostgreSQL's start. Docker's own part may take half as long in addition. */
const STARTUP_TIMEOUT_MS = 60_000;
const POLL_MS = 100;
const START_TIMEOUT_MS = 1.5 * STARTUP_TIMEOUT_MS;

/** Starts PostgreSQL in a container. Rejects with a `DockerUnavailableError` without Docker, and with an ordinary Error without the image. */
export async function startContainerServer(settings: PostgresSettings): Promise<RunningServer> {
  const docker = await connectDocker(settings.dockerTimeoutMs);
  await ensureImage(docker, settings.image, settings.onNotice);
  const id = randomUUID();
  const reaper = startReaper('container', `${LABEL}=${id}`);
  try {
    const container = await withDeadline(
      runContainer(settings, id),
      START_TIMEOUT_MS,
      () => new Error('Docker takes too long'),
    );
    const url = container.getConnectionUri();
    const faults = faultsOf(docker.container.getById(container.getId()), url);
    return { url, origin: `testcontainers (${settings.image})`, stop: reaper.reap, faults };
  } catch (cause) {
    await reaper.reap().catch(() => {}); // The first error is reported.
    throw new Error(`a container of ${settings.image} does not start: ${reasonOf(cause)}`, { cause });
  }
}

// Our own reaper cleans up. That of testcontainers needs another image, which not every machine can pull.
async function runContainer(settings: PostgresSettings, id: string): Promise<StartedPostgreSqlContainer> {
  return new PostgreSqlContainer(settings.image)
    .withPullPolicy(PullPolicy.neverPull())
    .withAutoCleanup(false)
    .withLabels({ [LABEL]: id })
    .withCommand(['postgres', ...serverFlags(settings)])
    .withSharedMemorySize(256 * 1024 * 1024)
    .withStartupTimeout(STARTUP_TIMEOUT_MS)
    .start();
}

type DockerContainer = ReturnType<ContainerRuntimeClient['container']['getById']>;

function faultsOf(container: DockerContainer, url: string): ServerFaults {
  return {
    crash: async () => {
      await container.kill();
      await container.wait();
    },
    restart: async () => {
      await container.start();
      const { Ports: ports } = (await container.inspect()).NetworkSettings;
      const moved = new URL(url);
      moved.port = ports['5432/tcp']?.[0]?.HostPort ?? moved.port;
      await untilReady(moved.href);
      return moved.href;
    },
    pause: () => container.pause(),
    resume: () => container.unpause(),
  };
}

/** Waits until PostgreSQL accepts connections. Docker reports a start before PostgreSQL has replayed its log. */
async function untilReady(url: string): Promise<void> {
  const deadline = performance.now() + STARTUP_TIMEOUT_MS;
  for (;;) {
    try {
      await inspectServer(url);
      return;
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await sleep(POLL_MS);
    }
  }
}
