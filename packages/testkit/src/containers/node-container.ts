import { randomUUID } from 'node:crypto';
import { createInterface } from 'node:readline';
import { GenericContainer, getContainerRuntimeClient, PullPolicy } from 'testcontainers';
import { connectDocker, ensureImage } from '../postgres-server/docker.js';
import { DockerUnavailableError } from '../postgres-server/docker-unavailable-error.js';
import { reasonOf } from '../postgres-server/postgres-unavailable-error.js';
import { startReaper } from '../postgres-server/reaper.js';

/** Options of {@link startNodeContainer}. */
export interface NodeContainerOptions {
  /** The script and its arguments, as paths on the host. */
  readonly command: readonly string[];
  /** Folders of the host that are mounted in the container under the same paths. */
  readonly folders: readonly { readonly path: string; readonly access: 'ro' | 'rw' }[];
}

/** A Node process in its own container. */
export interface NodeContainer {
  /** The lines that the process has written so far. */
  readonly lines: readonly string[];
  /** Kills the process as `docker kill` does. Resolves when it has ended. */
  kill(): Promise<void>;
  /** Resolves with the exit code of the process. */
  readonly ended: Promise<number>;
  /** Removes the container. */
  remove(): Promise<void>;
}

const LABEL = 'sluice.testkit.node';
const DOCKER_TIMEOUT_MS = 5_000;

/**
 * Returns the reason why Node cannot run in a container: Docker does not answer, or the image `node:24` is not available. Returns
 * `undefined` if it can. Use the reason in the name of a test that did not run.
 *
 * @throws Error when `SLUICE_TEST_NODE_IMAGE` names an image that Docker cannot get. An explicit image is never skipped silently.
 */
export async function nodeContainersMissing(): Promise<string | undefined> {
  try {
    await ensureImage(await connectDocker(DOCKER_TIMEOUT_MS), nodeImage(), () => {});
    return undefined;
  } catch (error) {
    if (process.env.SLUICE_TEST_NODE_IMAGE !== undefined && !(error instanceof DockerUnavailableError))
      throw error;
    return reasonOf(error);
  }
}

/** Runs a script with Node in a container. The container is removed when this process ends, even if it is killed. */
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
