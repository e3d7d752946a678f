/** A reader holds this many bytes of rows at once. */
const BATCH_BYTES = 1024 * 1024;

const MAX_BATCH_ROWS = 500;

/** How many rows to fetch at once when the largest row has `rowBytes`. */
export function batchRowsFor(rowBytes: number): number {
  return Math.max(1, Math.min(MAX_BATCH_ROWS, Math.floor(BATCH_BYTES / Math.max(rowBytes, 1))));
}
