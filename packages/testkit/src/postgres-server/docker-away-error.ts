/** Docker is not there, or does not answer. In a file of its own, so that knowing it does not load testcontainers. */
export class DockerAwayError extends Error {
  override readonly name: string = 'DockerAwayError';
}
