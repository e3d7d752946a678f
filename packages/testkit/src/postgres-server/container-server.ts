import { randomUUID } from 'node:crypto';
import { PostgreSqlContainer } from '@testcontainers/postgresql';
import { PullPolicy } from 'testcontainers';
import { withDeadline } from './deadline.js';
import { connectDocker, ensureImage } from './docker.js';
import { type PostgresSettings, type RunningServer, serverFlags } from './postgres-source.js';
import { reasonOf } from './postgres-unavailable-error.js';
import { startReaper } from './reaper.js';

const LABEL = 'sluice.testkit.postgres';
/** For PostgreSQL to get ready; Docker has half as long again for its own part. */
const STARTUP_TIMEOUT_MS = 60_000;
const START_TIMEOUT_MS = 1.5 * STARTUP_TIMEOUT_MS;

/** Starts PostgreSQL in a container. Throws `DockerAwayError` without Docker, and an ordinary error without the image. */
export async function startContainerServer(settings: PostgresSettings): Promise<RunningServer> {
  const docker = await connectDocker(settings.dockerTimeoutMs);
  await ensureImage(docker, settings.image, settings.onNotice);
  const id = randomUUID();
  const reaper = startReaper('container', `${LABEL}=${id}`);
  try {
    const url = await withDeadline(
      runContainer(settings, id),
      START_TIMEOUT_MS,
      () => new Error('Docker takes too long'),
    );
    return { url, origin: `testcontainers (${settings.image})`, stop: reaper.reap };
  } catch (cause) {
    await reaper.reap().catch(() => {}); // The first error is the one to tell.
    throw new Error(`a container of ${settings.image} does not start: ${reasonOf(cause)}`, { cause });
  }
}

// The reaper cleans up: that of testcontainers is an image of its own, which not every machine can pull.
async function runContainer(settings: PostgresSettings, id: string): Promise<string> {
  const container = await new PostgreSqlContainer(settings.image)
    .withPullPolicy(PullPolicy.neverPull())
    .withAutoCleanup(false)
    .withLabels({ [LABEL]: id })
    .withCommand(['postgres', ...serverFlags(settings)])
    .withSharedMemorySize(256 * 1024 * 1024)
    .withStartupTimeout(STARTUP_TIMEOUT_MS)
    .start();
  return container.getConnectionUri();
}
