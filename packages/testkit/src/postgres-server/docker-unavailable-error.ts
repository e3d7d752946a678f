/** Docker does not exist or does not answer. It has its own file, so that importing it does not load testcontainers. */
export class DockerUnavailableError extends Error {
  override readonly name: string = 'DockerUnavailableError';
}
