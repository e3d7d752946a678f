/** No PostgreSQL is available. The message is one line with the attempted sources and the reasons of their failures. */
export class PostgresUnavailableError extends Error {
  override readonly name: string = 'PostgresUnavailableError';
}

/** Returns the first line of an error's message. The full error stays available as the cause. */
export function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message || error.name : String(error);
  return text.trim().split('\n', 1)[0] ?? text;
}
