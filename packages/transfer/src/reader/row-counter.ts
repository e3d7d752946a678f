/** Rows between two reports of progress. */
const ROWS_PER_REPORT = 5_000;

/** Returns a function to call for each row; it calls `report` after every 5,000 rows. */
export function rowCounter(report: ((rows: number) => void) | undefined): () => void {
  let rows = 0;
  return () => {
    rows += 1;
    if (rows % ROWS_PER_REPORT === 0) report?.(ROWS_PER_REPORT);
  };
}
