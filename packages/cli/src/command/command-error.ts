/** A command cannot go on; the message says what to do. Its exit status is 2. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
}
