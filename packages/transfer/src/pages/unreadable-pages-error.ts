/** Pages that are not as the page reader knows them, or are damaged: SQLite is to read what they hold. */
export class UnreadablePagesError extends Error {}

/** Whether SQLite is to read on. Offsets of a damaged page may lead out of memory, which a DataView refuses with a RangeError. */
export function isUnreadable(error: unknown): boolean {
  return error instanceof UnreadablePagesError || error instanceof RangeError;
}
