import { type ContainerRuntimeClient, getContainerRuntimeClient, ImageName } from 'testcontainers';
import { withDeadline } from './deadline.js';
import { DockerUnavailableError } from './docker-unavailable-error.js';

/** Timeout of a pull. Docker may still complete it for the next run. */
const PULL_TIMEOUT_MS = 180_000;

/** Finds Docker as testcontainers does. Rejects with a {@link DockerUnavailableError} if it does not answer in time. */
export async function connectDocker(timeoutMs: number): Promise<ContainerRuntimeClient> {
  const client = getContainerRuntimeClient().catch((cause: unknown) => {
    throw new DockerUnavailableError('Docker does not answer', { cause });
  });
  return withDeadline(client, timeoutMs, () => {
    return new DockerUnavailableError(`Docker does not answer within ${timeoutMs / 1000} s`);
  });
}

/** Makes sure that the image is on this machine. An existing image is never pulled, because it may come from no registry. */
export async function ensureImage(
  docker: ContainerRuntimeClient,
  image: string,
  onNotice: (line: string) => void,
): Promise<void> {
  const name = ImageName.fromString(image);
  if (await docker.image.exists(name)) return;
  onNotice(`Pulling ${image}, which is not on this machine`);
  try {
    await withDeadline(docker.image.pull(name), PULL_TIMEOUT_MS, () => new Error('the pull takes too long'));
  } catch (cause) {
    throw new Error(`the image ${image} is not on this machine and cannot be pulled`, { cause });
  }
  // testcontainers treats a pull that failed half way as a success.
  if (!(await docker.image.exists(name))) throw new Error(`the image ${image} could not be pulled`);
}
