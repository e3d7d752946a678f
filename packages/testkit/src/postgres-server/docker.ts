import { type ContainerRuntimeClient, getContainerRuntimeClient, ImageName } from 'testcontainers';
import { withDeadline } from './deadline.js';
import { DockerAwayError } from './docker-away-error.js';

/** A pull that takes longer is given up; Docker itself may finish it for the next run. */
const PULL_TIMEOUT_MS = 180_000;

/** Finds Docker the way testcontainers does. Throws {@link DockerAwayError} when nobody answers in time. */
export async function connectDocker(timeoutMs: number): Promise<ContainerRuntimeClient> {
  const client = getContainerRuntimeClient().catch((cause: unknown) => {
    throw new DockerAwayError('Docker does not answer', { cause });
  });
  return withDeadline(client, timeoutMs, () => {
    return new DockerAwayError(`Docker does not answer within ${timeoutMs / 1000} s`);
  });
}

/** Makes sure that the image is on this machine. One that is there is never pulled: it may come from no registry. */
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
  // testcontainers takes a pull that failed half way for a success.
  if (!(await docker.image.exists(name))) throw new Error(`the image ${image} could not be pulled`);
}
