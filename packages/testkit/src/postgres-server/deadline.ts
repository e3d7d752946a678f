/** Settles as `work` does, or rejects with `lateError()` after `timeoutMs`. It does not stop the work. */
export async function withDeadline<T>(
  work: Promise<T>,
  timeoutMs: number,
  lateError: () => Error,
): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(lateError()), timeoutMs);
  });
  try {
    return await Promise.race([work, deadline]);
  } finally {
    clearTimeout(timer);
  }
}
