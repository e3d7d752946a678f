import { randomUUID } from 'node:crypto';
import { createInterface } from 'node:readline';
import { GenericContainer, getContainerRuntimeClient, PullPolicy } from 'testcontainers';
import { connectDocker, ensureImage } from '../postgres-server/docker.js';
import { DockerAwayError } from '../postgres-server/docker-away-error.js';
import { reasonOf } from '../postgres-server/postgres-unavailable-error.js';
import { startReaper } from '../postgres-server/reaper.js';

/** What runs in a container. */
export interface NodeContainerOptions {
  /** The script and its arguments, by their paths on the host. */
  readonly command: readonly string[];
  /** Folders of the host that the container sees under the same paths. */
  readonly folders: readonly { readonly path: string; readonly access: 'ro' | 'rw' }[];
}

/** A Node process in a container of its own. */
export interface NodeContainer {
  /** The lines it has written so far. */
  readonly lines: readonly string[];
  /** Kills it as `docker kill` does. Resolves when it is gone. */
  kill(): Promise<void>;
  /** Resolves with its exit code. */
  readonly ended: Promise<number>;
  /** Removes it. */
  remove(): Promise<void>;
}

const LABEL = 'sluice.testkit.node';
const DOCKER_TIMEOUT_MS = 5_000;

/**
 * Why no Node can run in a container: Docker does not answer, or the image `node:24` cannot be had. `undefined` when one can. For the name of a test
 * that must say that it did not run.
 *
 * @throws Error when `SLUICE_TEST_NODE_IMAGE` asks for an image that Docker cannot get: what was asked for is not passed over.
 */
export async function nodeContainersMissing(): Promise<string | undefined> {
  try {
    await ensureImage(await connectDocker(DOCKER_TIMEOUT_MS), nodeImage(), () => {});
    return undefined;
  } catch (error) {
    if (process.env.SLUICE_TEST_NODE_IMAGE !== undefined && !(error instanceof DockerAwayError)) throw error;
    return reasonOf(error);
  }
}

/** Runs a script with Node in a container. It goes when this process ends, killed or not. */
export async function startNodeContainer({ command, folders }: NodeContainerOptions): Promise<NodeContainer> {
  const docker = await getContainerRuntimeClient();
  const id = randomUUID();
  const reaper = startReaper('container', `${LABEL}=${id}`);
  const lines: string[] = [];
  const started = await new GenericContainer(nodeImage())
    .withPullPolicy(PullPolicy.neverPull())
    .withAutoCleanup(false)
    .withAutoRemove(false)
    .withLabels({ [LABEL]: id })
    .withBindMounts(folders.map(({ path, access }) => ({ source: path, target: path, mode: access })))
    .withCommand(['node', ...command])
    .withLogConsumer(
      (stream) => void createInterface({ input: stream }).on('line', (line) => lines.push(line)),
    )
    .start();
  const container = docker.container.getById(started.getId());
  const ended = container.wait().then(({ StatusCode }: { readonly StatusCode: number }) => StatusCode);
  return {
    lines,
    ended,
    kill: async () => {
      await container.kill();
      await ended;
    },
    remove: reaper.reap,
  };
}

function nodeImage(): string {
  return process.env.SLUICE_TEST_NODE_IMAGE ?? process.env.NODE_IMAGE ?? 'node:24';
}
