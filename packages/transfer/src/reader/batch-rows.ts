/** Bytes of rows that a reader holds at once. */
const BATCH_BYTES = 1024 * 1024;

const MAX_BATCH_ROWS = 500;

/** Rows that are fetched at once when the largest has so many bytes. */
export function batchRowsFor(rowBytes: number): number {
  return Math.max(1, Math.min(MAX_BATCH_ROWS, Math.floor(BATCH_BYTES / Math.max(rowBytes, 1))));
}
