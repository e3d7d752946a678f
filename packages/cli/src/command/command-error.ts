/** An error that ends a command with exit status 2. Its message says what to do. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
}
