/** No PostgreSQL could be had. The message is one line that says what was tried and why it failed. */
export class PostgresUnavailableError extends Error {
  override readonly name: string = 'PostgresUnavailableError';
}

/** The first line of whatever was thrown: reasons are told in one line, the rest stays in the cause. */
export function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message || error.name : String(error);
  return text.trim().split('\n', 1)[0] ?? text;
}
